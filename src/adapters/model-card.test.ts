import { describe, expect, it } from 'vitest';
import { parseDocument } from 'yaml';
import { writeModelCard, type ModelCardFacts } from './model-card.ts';

const facts: ModelCardFacts = {
  title: 'tickets',
  base: { name: 'SmolLM2-135M', hubId: 'HuggingFaceTB/SmolLM2-135M', sha256: 'ab12', format: 'q4' },
  settings: [
    ['rank', 16],
    ['targets', 'q_proj | v_proj'],
  ],
  systemPrompt: 'Answer in JSON.\n```json\n{}\n```',
  data: [{ role: 'training', fileName: 'train.jsonl', sha256: 'cd34', rows: 400, skippedRows: 2 }],
  results: [
    { measure: 'held-out loss', base: 2.34567, tuned: 0.123456 },
    { measure: 'exact match', tuned: 0.9 },
  ],
  steps: 100,
  tokens: 51200,
  device: 'SwiftShader',
  webLoraVersion: '0.1.0',
};

describe('writeModelCard', () => {
  it('reads as a whole', () => {
    expect(writeModelCard(facts)).toMatchInlineSnapshot(`
      "---
      library_name: peft
      pipeline_tag: text-generation
      base_model: "HuggingFaceTB/SmolLM2-135M"
      tags:
        - lora
        - peft
        - web-lora
      # license: choose one before you publish, and mind those of the base model and the data
      ---

      # tickets

      A LoRA adapter for [HuggingFaceTB/SmolLM2-135M](https://huggingface.co/HuggingFaceTB/SmolLM2-135M), trained with WebLoRA 0.1.0 on the owner's device (SwiftShader): 100 updates over 51200 tokens.

      ## Results

      | measure | base model | with this adapter |
      | --- | --- | --- |
      | held-out loss | 2.346 | 0.1235 |
      | exact match |  | 0.9 |

      ## How to use it

      In WebLoRA: drop this folder on the page, or \`weblora generate --model … --adapter …\`. In Python:

      \`\`\`python
      from peft import PeftModel
      from transformers import AutoModelForCausalLM, AutoTokenizer

      base = "HuggingFaceTB/SmolLM2-135M"
      tokenizer = AutoTokenizer.from_pretrained(base)
      model = AutoModelForCausalLM.from_pretrained(base)
      model = PeftModel.from_pretrained(model, "path/to/this/folder")
      \`\`\`

      It was trained with this system prompt, and needs it:

      \`\`\`\`text
      Answer in JSON.
      \`\`\`json
      {}
      \`\`\`
      \`\`\`\`

      ## Data

      | used for | file | rows | rows left out | sha256 |
      | --- | --- | --- | --- | --- |
      | training | train.jsonl | 400 | 2 | cd34 |

      ## Settings

      | setting | value |
      | --- | --- |
      | rank | 16 |
      | targets | q_proj \\| v_proj |
      | base format in training | q4 |

      The base weights have sha256 \`ab12\`. The adapter fits no other base model.
      "
    `);
  });

  it('has front matter that YAML reads, and leaves the licence to the user', () => {
    const frontMatter = writeModelCard(facts).split('---\n')[1] ?? '';
    expect(parseDocument(frontMatter).toJS()).toEqual({
      library_name: 'peft',
      pipeline_tag: 'text-generation',
      base_model: 'HuggingFaceTB/SmolLM2-135M',
      tags: ['lora', 'peft', 'web-lora'],
    });
  });

  it('names no hub model where there is none', () => {
    const card = writeModelCard({ ...facts, base: { name: 'embedded', sha256: 'ab12', format: 'q4' }, results: [] });
    expect(card).not.toContain('base_model:');
    expect(card).toContain('the model `embedded`');
    expect(card).not.toContain('## Results');
  });
});
