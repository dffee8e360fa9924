"""Writes the model folder from a checkpoint, or from the mean of several checkpoints and model folders: config.json, generation_config.json, model.safetensors in f16."""
import argparse
import json
from pathlib import Path

import numpy as np
import torch

from llama import CONFIG


def write_safetensors(path, tensors):
    header, offset, blobs = {"__metadata__": {"format": "pt"}}, 0, []
    for name in sorted(tensors):
        data = tensors[name].detach().to(torch.float16).contiguous().numpy()
        header[name] = dict(dtype="F16", shape=list(data.shape), data_offsets=[offset, offset + data.nbytes])
        offset += data.nbytes
        blobs.append(data.tobytes())
    head = json.dumps(header, separators=(",", ":")).encode()
    head += b" " * (-len(head) % 8)
    Path(path).write_bytes(np.uint64(len(head)).tobytes() + head + b"".join(blobs))


def read_safetensors(path):
    blob = Path(path).read_bytes()
    size = int(np.frombuffer(blob[:8], np.uint64)[0])
    header = json.loads(blob[8:8 + size])
    body = memoryview(blob)[8 + size:]
    return {k: torch.from_numpy(np.frombuffer(body[v["data_offsets"][0]:v["data_offsets"][1]], np.float16).astype(np.float32).reshape(v["shape"]))
            for k, v in header.items() if k != "__metadata__"}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--checkpoint", required=True, nargs="+", help="checkpoints or model folders; one that is named twice counts twice")
    parser.add_argument("--out", required=True)
    args = parser.parse_args()
    out = Path(args.out)
    out.mkdir(parents=True, exist_ok=True)
    several = [torch.load(p)["weights"] if p.suffix == ".pt" else read_safetensors(p / "model.safetensors") for p in map(Path, args.checkpoint)]
    weights = {k: sum(w[k] for w in several) / len(several) for k in several[0]}
    write_safetensors(out / "model.safetensors", weights)
    (out / "config.json").write_text(json.dumps(CONFIG, indent=1) + "\n")
    generation = dict(bos_token_id=0, eos_token_id=[CONFIG["eos_token_id"], 0], pad_token_id=0, do_sample=False, max_new_tokens=128)
    (out / "generation_config.json").write_text(json.dumps(generation, indent=1) + "\n")
    print(f"{len(several)} weights: {sum(v.numel() for v in weights.values())} parameters")


if __name__ == "__main__":
    main()
