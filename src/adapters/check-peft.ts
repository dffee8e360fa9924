/** check_peft.py: holds an exported PEFT folder to its golden.json with transformers and PEFT. */
export const CHECK_PEFT = String.raw`"""Checks this PEFT adapter against golden.json, with transformers and PEFT.

    pip install torch transformers peft
    python check_peft.py path/or/name/of/the/base/model

Exit status 0: the adapter computes what it did in WebLoRA, or on another precision of the base has the same effect. 1: it does
not. 2: it cannot be told, as the effect differs by what 4-bit weights of a small base may account for.
"""

import json
import math
import os
import sys

COSINE = 0.99
UNSURE = 0.9
ROUGH = ('q4', 'nf4')
RELATIVE = 0.02


def cosine(one, other):
    dot = sum(a * b for a, b in zip(one, other))
    return dot / (math.sqrt(sum(a * a for a in one) * sum(b * b for b in other)) or 1.0)


def relative_error(got, wanted):
    difference = math.sqrt(sum((a - b) ** 2 for a, b in zip(got, wanted)))
    return difference / (math.sqrt(sum(b * b for b in wanted)) or 1.0)


def judge(prompt, tuned, base, precision):
    """'same' where the logits agree, 'effect' where only what the adapter adds does, 'unsure' where it nearly does, or 'other'."""
    wanted = prompt['logits']
    error = relative_error(tuned, wanted['tuned'])
    if error <= RELATIVE:
        return 'same', error
    effect = cosine([t - b for t, b in zip(tuned, base)], [t - b for t, b in zip(wanted['tuned'], wanted['base'])])
    if effect >= COSINE:
        return 'effect', effect
    return ('unsure' if effect >= UNSURE and precision in ROUGH else 'other'), effect


def main(base_name):
    import torch
    from peft import PeftModel
    from transformers import AutoModelForCausalLM, AutoTokenizer

    folder = os.path.dirname(os.path.abspath(__file__))
    with open(os.path.join(folder, 'golden.json'), encoding='utf-8') as file:
        golden = json.load(file)
    tokenizer = AutoTokenizer.from_pretrained(base_name)
    model = AutoModelForCausalLM.from_pretrained(base_name).float()
    model = PeftModel.from_pretrained(model, folder).eval()
    verdicts = []
    for prompt in golden['prompts']:
        ids = torch.tensor([prompt['ids']])
        messages = [{'role': 'user', 'content': prompt['prompt']}]
        if golden.get('system') is not None:
            messages.insert(0, {'role': 'system', 'content': golden['system']})
        if tokenizer.chat_template is not None:
            text = tokenizer.apply_chat_template(messages, add_generation_prompt=True, tokenize=False)
            own = tokenizer(text, add_special_tokens=False)['input_ids']
            if own != prompt['ids']:
                print('other tokens than in WebLoRA, from this template or tokenizer:', own)
                verdicts.append('other')
        kept = prompt['logits']['ids']
        with torch.no_grad():
            tuned = model(ids).logits[0, -1, kept].tolist()
            with model.disable_adapter():
                base = model(ids).logits[0, -1, kept].tolist()
            count = len(prompt['continuation'])
            answer = model.generate(ids, max_new_tokens=count, do_sample=False)[0, ids.shape[1]:].tolist()
        verdict, number = judge(prompt, tuned, base, golden['base']['precision'])
        verdicts.append(verdict)
        words = 'same words' if answer[:count] == prompt['continuation'] else 'other words'
        print('%s: %s (%.4f), %s: %r' % (prompt['prompt'], verdict, number, words, tokenizer.decode(answer)))
    if 'other' in verdicts:
        print('NOT the adapter that WebLoRA exported, or not its base')
        return 1
    if 'unsure' in verdicts:
        print('cannot tell: its effect is like the one in WebLoRA, over a base in %s there; to be sure, '
              'export it again with --base f16' % golden['base']['precision'])
        return 2
    print('same adapter' if set(verdicts) == {'same'} else 'same adapter, other base precision')
    return 0


if __name__ == '__main__':
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    sys.exit(main(sys.argv[1]))
`;
