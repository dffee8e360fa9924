import { describe, expect, it } from 'vitest';
import { parseDocument } from 'yaml';
import { writeMergedCard, writeModelCard, type ModelCardFacts } from './model-card.ts';

const facts: ModelCardFacts = {
  title: 'tickets',
  base: {
    name: 'SmolLM2-135M',
    hubId: 'HuggingFaceTB/SmolLM2-135M',
    revision: 'c0ffee',
    licence: 'apache-2.0',
    sha256: 'ab12',
    format: 'q4',
  },
  licence: 'cc-by-4.0',
  dataSource: 'hf:acme/tickets',
  dataLicence: 'CC BY 4.0',
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
  it('names licences and data as the hub reads them, or says that they were not stated', () => {
    const headOf = (card: string): unknown => parseDocument(card.split('---\n')[1] ?? '').toJS();
    expect(headOf(writeModelCard(facts))).toMatchObject({ license: 'cc-by-4.0', datasets: ['acme/tickets'] });
    const own = writeModelCard({ ...facts, licence: 'For "us" only', dataSource: 'our\ndesk | 2025' });
    expect(headOf(own)).toMatchObject({ license: 'other', license_name: 'For "us" only' });
    expect(headOf(own)).not.toHaveProperty('datasets');
    expect(own).toContain('Where it comes from: our desk | 2025. Its licence: CC BY 4.0.');
    const { base, licence: _, dataSource: __, dataLicence: ___, ...rest } = facts;
    const { licence: ____, revision: _____, ...bare } = base;
    const silent = writeModelCard({ ...rest, base: bare });
    expect(headOf(silent)).not.toHaveProperty('license');
    expect(silent).toContain('Where it comes from: not stated. Its licence: not stated.');
    expect(silent).toContain('sha256 of its weights `ab12`; its files name no licence.');
  });

  it('says what was recorded by function of the framework, and what was not done', () => {
    const rowOf = (card: string, part: string): string =>
      card.split('\n').find((line) => line.startsWith(`| ${part}`)) ?? 'none';
    const card = writeModelCard({ ...facts, elapsedSeconds: 61.4 });
    expect(rowOf(card, 'Govern')).toContain(
      'licence of the adapter: cc-by-4.0; of the base: apache-2.0; of the data: CC BY 4.0',
    );
    expect(rowOf(card, 'Map')).toContain(
      '2 rows that could not be used were left out; the system prompt that it needs',
    );
    expect(rowOf(card, 'Measure')).toContain('loss on rows that were held out');
    expect(rowOf(card, 'Manage')).toContain('no plan for incidents or withdrawal is recorded');
    expect(card).toContain('Training took 61 s on SwiftShader; energy was not measured.');
    const { licence: _, dataSource: __, dataLicence: ___, systemPrompt: ____, ...rest } = facts;
    const bare = writeModelCard({ ...rest, results: [{ measure: 'training loss, last update', tuned: 0.4 }] });
    expect(rowOf(bare, 'Govern')).toContain('licence of the adapter: not stated');
    expect(rowOf(bare, 'Map')).toContain('source of the data: not stated');
    expect(rowOf(bare, 'Measure')).toContain('the training loss alone: no row was held out');
    expect(rowOf(bare, 'Measure')).toContain('how it does on new questions');
    expect(bare).toContain('Time was not recorded on SwiftShader; energy was not measured.');
  });

  it('is written for a merged model', () => {
    const { format: _, ...base } = facts.base;
    const card = writeMergedCard({
      title: 'tickets-merged',
      base: { ...base, weights: 'BF16, as its files have them' },
      licence: 'cc-by-4.0',
      systemPrompt: 'Answer in JSON.',
      adapterSha256: 'ef56',
      webLoraVersion: '0.1.0',
    });
    expect(parseDocument(card.split('---\n')[1] ?? '').toJS()).toEqual({
      library_name: 'transformers',
      pipeline_tag: 'text-generation',
      base_model: 'HuggingFaceTB/SmolLM2-135M',
      base_model_relation: 'finetune',
      tags: ['lora', 'web-lora'],
      license: 'cc-by-4.0',
    });
    expect(card.slice(card.indexOf('# '))).toBe(
      [
        '# tickets-merged',
        '',
        '[HuggingFaceTB/SmolLM2-135M](https://huggingface.co/HuggingFaceTB/SmolLM2-135M) with a LoRA adapter merged in by WebLoRA 0.1.0.',
        '',
        'The base is `HuggingFaceTB/SmolLM2-135M` at revision `c0ffee`, sha256 of its weights `ab12`; licence: apache-2.0.',
        "It was merged into these weights: BF16, as its files have them. The adapter's weights have sha256 `ef56`.",
        '',
        'It was trained with this system prompt, and needs it:',
        '',
        '```text',
        'Answer in JSON.',
        '```',
        '',
      ].join('\n'),
    );
  });

  it('reads as a whole', () => {
    expect(writeModelCard(facts)).toMatchInlineSnapshot(`
      "---
      library_name: peft
      pipeline_tag: text-generation
      base_model: "HuggingFaceTB/SmolLM2-135M"
      base_model_relation: adapter
      tags:
        - lora
        - peft
        - web-lora
      license: cc-by-4.0
      datasets:
        - "acme/tickets"
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
      tokenizer = AutoTokenizer.from_pretrained(base, revision="c0ffee")
      model = AutoModelForCausalLM.from_pretrained(base, revision="c0ffee")
      model = PeftModel.from_pretrained(model, "path/to/this/folder")
      \`\`\`

      It was trained with this system prompt, and needs it:

      \`\`\`\`text
      Answer in JSON.
      \`\`\`json
      {}
      \`\`\`
      \`\`\`\`

      ### In other programs

      \`weblora export\` writes this adapter for them; golden prompts with the expected answers come along.

      | program | export | use |
      | --- | --- | --- |
      | llama.cpp | \`weblora export --adapter path/to/this/folder --to gguf --out tickets.gguf\` | \`llama-cli -m BASE.gguf --lora tickets.gguf --jinja\` |
      | MLX | \`weblora export --adapter path/to/this/folder --to mlx --out tickets-mlx\` | \`mlx_lm.generate --model HuggingFaceTB/SmolLM2-135M --adapter-path tickets-mlx --prompt "…"\` |
      | vLLM | this folder | \`vllm serve HuggingFaceTB/SmolLM2-135M --enable-lora --lora-modules tickets=path/to/this/folder\` |
      | Ollama | \`weblora export --adapter path/to/this/folder --to merged-gguf --out tickets-merged.gguf\` | \`ollama create tickets -f tickets-merged.Modelfile\` |
      | LM Studio | \`weblora export --adapter path/to/this/folder --to merged-gguf --out tickets-merged.gguf\` | \`lms import tickets-merged.gguf\` |
      | llama.rn | \`weblora export --adapter path/to/this/folder --to gguf --out tickets.gguf\` | \`initLlama({ model, lora_list: [{ path: 'tickets.gguf', scaled: 1 }] })\` |
      | wllama | \`weblora export --adapter path/to/this/folder --to merged-gguf --out tickets-merged.gguf\` | \`wllama.loadModel([file])\` |

      The system prompt goes with every conversation: \`-sys\` of llama-cli, \`--system-prompt\` of mlx_lm.

      LM Studio takes no adapters, only the merged model. For Ollama, \`weblora export\` writes this \`Modelfile\` beside the merged GGUF; its
      own importer takes a folder of safetensors as \`ADAPTER\` for llama and gemma2 only, a GGUF works for every architecture.
      Without \`TEMPLATE\` Ollama reads the chat template of the file.

      \`\`\`\`text
      FROM ./tickets-merged.gguf
      SYSTEM """Answer in JSON.
      \`\`\`json
      {}
      \`\`\`"""
      \`\`\`\`

      ## Data

      Where it comes from: [acme/tickets](https://huggingface.co/datasets/acme/tickets). Its licence: CC BY 4.0.

      | used for | file | rows | rows left out | sha256 |
      | --- | --- | --- | --- | --- |
      | training | train.jsonl | 400 | 2 | cd34 |

      ## Settings

      | setting | value |
      | --- | --- |
      | rank | 16 |
      | targets | q_proj \\| v_proj |
      | base format in training | q4 |

      The base is \`HuggingFaceTB/SmolLM2-135M\` at revision \`c0ffee\`, sha256 of its weights \`ab12\`; licence: apache-2.0.
      The adapter fits no other base model.

      ## Governance

      By the functions of the NIST AI Risk Management Framework, with the topics of Annex A of ISO/IEC 42001 in brackets. A record of what
      is known and what is not, neither an assessment nor a certificate.

      | function | recorded | not done |
      | --- | --- | --- |
      | Govern (A.2 policies, A.3 roles, A.10 third parties) | licence of the adapter: cc-by-4.0; of the base: apache-2.0; of the data: CC BY 4.0 | who is responsible, and who may approve a use, is not recorded |
      | Map (A.5 impacts, A.7 data, A.9 use) | source of the data: hf:acme/tickets; names and sha256 of the data files; 2 rows that could not be used were left out; the system prompt that it needs | intended use, people affected and harms were not assessed; consent of people in the data is not recorded |
      | Measure (A.6 verification and validation) | loss on rows that were held out | bias, refusals, robustness, memorised rows and invented facts: \`weblora eval --report\` measures some of these, and its report is a file of its own |
      | Manage (A.6 operation, A.8 information for others) | settings, seed, versions and device, so that the run can be repeated; this card | what happens after release is not watched; no plan for incidents or withdrawal is recorded |

      Time was not recorded on SwiftShader; energy was not measured.

      ## To make it again

      With the data named above beside it, \`weblora train --config run.json --out another-folder\` repeats the run: \`run.json\`
      holds every setting, the seed, the versions and the device. The same device gives the same adapter, bit for bit.
      "
    `);
  });

  it('has front matter that YAML reads', () => {
    const frontMatter = writeModelCard(facts).split('---\n')[1] ?? '';
    expect(parseDocument(frontMatter).toJS()).toEqual({
      library_name: 'peft',
      pipeline_tag: 'text-generation',
      base_model: 'HuggingFaceTB/SmolLM2-135M',
      base_model_relation: 'adapter',
      tags: ['lora', 'peft', 'web-lora'],
      license: 'cc-by-4.0',
      datasets: ['acme/tickets'],
    });
  });

  it('gives commands that can hold the adapter', () => {
    const rows = (card: string): string[] => card.split('\n').filter((line) => line.startsWith('| llama'));
    expect(rows(writeModelCard(facts)).join()).toContain('--lora tickets.gguf');
    const dora = rows(writeModelCard({ ...facts, settings: [['method', 'dora']] }));
    expect(dora).toHaveLength(2);
    for (const row of dora) expect(row).toMatch(/--to merged-gguf.*tickets-merged\.gguf/);
  });

  it('shows the curve', () => {
    const curve = [
      { step: 1, loss: 2.5 },
      { step: 9, loss: 1.25, heldOutLoss: 1.5 },
    ];
    expect(writeModelCard({ ...facts, curve })).toContain('| 1 | 2.5 |  |\n| 9 | 1.25 | 1.5 |\n');
  });

  it('names no hub model where there is none', () => {
    const local = { name: '/home/somebody/models/toy/', sha256: 'ab12', format: 'q4' };
    const told = writeModelCard({ ...facts, base: local });
    expect(told).toContain('the model `toy`');
    expect(told).not.toContain('somebody');
    const card = writeModelCard({ ...facts, base: { name: 'embedded', sha256: 'ab12', format: 'q4' }, results: [] });
    expect(card).not.toContain('base_model:');
    expect(card).toContain('the model `embedded`');
    expect(card).not.toContain('## Results');
  });
});
