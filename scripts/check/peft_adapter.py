"""Opens an adapter that WebLoRA wrote in Hugging Face's own code and compares its greedy answers with WebLoRA's.

    npx weblora eval --model MODEL --base f32 --adapter ADAPTER --data DATA.jsonl --predictions answers.jsonl
    python3 scripts/check/peft_adapter.py MODEL_FOLDER ADAPTER answers.jsonl [rows]

Needs torch, transformers and peft; no part of any test. Prints how many answers are the same, text for text."""
import json
import sys

import torch
from peft import PeftModel
from transformers import AutoModelForCausalLM, AutoTokenizer


def main():
    folder, adapter, answers = sys.argv[1:4]
    rows = [json.loads(line) for line in open(answers, encoding="utf8")][: int(sys.argv[4]) if len(sys.argv) > 4 else None]
    tokenizer = AutoTokenizer.from_pretrained(folder)
    base = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
    model = PeftModel.from_pretrained(base, adapter).eval()
    same = 0
    for row in rows:
        messages = [dict(role="user", content=row["prompt"])]
        ids = tokenizer.apply_chat_template(messages, add_generation_prompt=True, return_tensors="pt", return_dict=True)
        with torch.no_grad():
            out = model.generate(**ids, max_new_tokens=128, do_sample=False, pad_token_id=0)
        text = tokenizer.decode(out[0, ids["input_ids"].shape[1]:], skip_special_tokens=True).strip()
        if text == row["got"].strip():
            same += 1
        else:
            print(f"row {row['row']}: PEFT {text!r}, WebLoRA {row['got']!r}")
    print(f"{same} of {len(rows)} answers are the same")


main()
