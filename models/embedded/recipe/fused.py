"""One training step's loss and gradients in bfloat16 with float32 accumulation: oneDNN's matrix products, and kernels.c for the rest.

Nearly three times as fast on an AVX-512 core as autograd over llama.py in float32, which stays the reference (check_fused.py).
"""
import ctypes
import hashlib
import subprocess
import tempfile
from pathlib import Path

import torch

from llama import rope_tables

SOURCE = Path(__file__).parent / "kernels.c"
# oneDNN compiles a kernel for each shape of a product, which costs more than a small product itself; so shapes are rounded up.
ROUND = 32
FLAGS = ["-O3", "-ffast-math", "-march=native", "-mprefer-vector-width=512", "-fopenmp-simd", "-shared", "-fPIC"]


def compile_kernels():
    """Compiles kernels.c once for each text of it, into the temporary folder."""
    name = hashlib.sha256(SOURCE.read_bytes() + " ".join(FLAGS).encode()).hexdigest()[:16]
    library = Path(tempfile.gettempdir()) / f"weblora-kernels-{name}.so"
    if not library.exists():
        building = library.with_suffix(f".{id(library)}.tmp")
        subprocess.run(["gcc", *FLAGS, str(SOURCE), "-o", str(building), "-lmvec", "-lm"], check=True)
        building.rename(library)
    return ctypes.CDLL(str(library))


def call(function, *args):
    """Tensors go as pointers, ints as long, floats as float."""
    convert = lambda a: ctypes.c_void_p(a.data_ptr()) if torch.is_tensor(a) else ctypes.c_float(a) if isinstance(a, float) else ctypes.c_void_p(None) if a is None else ctypes.c_long(a)
    function(*map(convert, args))


class Fused:
    """`weights` are float32 masters under their Hugging Face names; call `refresh` after each change of them."""

    def __init__(self, weights, config, longest=1024):
        self.w, self.c, self.k = weights, config, compile_kernels()
        if config["head_dim"] != 32:
            raise ValueError(f"kernels.c is written for heads of 32, got {config['head_dim']}")
        cos, sin = rope_tables(longest, config["head_dim"], config["rope_theta"])
        self.cos, self.sin = cos[:, :16].contiguous(), sin[:, :16].contiguous()
        self.layers = range(config["num_hidden_layers"])

    def refresh(self):
        """bfloat16 copies: q, k, v as one matrix, gate and up as one, each norm's weights folded into the matrix that follows it."""
        w, b = self.w, {}
        for i in self.layers:
            p = f"model.layers.{i}."
            attention_norm, mlp_norm = w[p + "input_layernorm.weight"], w[p + "post_attention_layernorm.weight"]
            b[i, "qkv"] = (torch.cat([w[f"{p}self_attn.{n}_proj.weight"] for n in "qkv"]) * attention_norm).bfloat16()
            b[i, "o"] = w[p + "self_attn.o_proj.weight"].bfloat16()
            b[i, "gu"] = (torch.cat([w[f"{p}mlp.{n}_proj.weight"] for n in ("gate", "up")]) * mlp_norm).bfloat16()
            b[i, "d"] = w[p + "mlp.down_proj.weight"].bfloat16()
        b["head"] = (w["model.embed_tokens.weight"] * w["model.norm.weight"]).bfloat16()
        self.b = b

    def forward(self, ids, offsets):
        """ids int32 [n]; offsets int64 [documents + 1]. Returns the normed final hidden state [n, h] and what backward needs."""
        c, k, n = self.c, self.k, len(ids)
        h, m, heads, kv = c["hidden_size"], c["intermediate_size"], c["num_attention_heads"], c["num_key_value_heads"]
        x = self.w["model.embed_tokens.weight"][ids.long()]
        new = lambda width: torch.empty(n, width, dtype=torch.bfloat16)
        kept, delta = [], None
        for i in self.layers:
            y1, r1, y2, r2, a, s, lse = new(h), torch.empty(n), new(h), torch.empty(n), new(heads * 32), new(m), torch.empty(n, heads)
            call(k.add_norm, n, h, c["rms_norm_eps"], x, delta, y1, r1)
            qkv = y1 @ self.b[i, "qkv"].t()
            call(k.attention, len(offsets) - 1, offsets, heads, kv, self.cos, self.sin, qkv, a, lse)
            o = a @ self.b[i, "o"].t()
            call(k.add_norm, n, h, c["rms_norm_eps"], x, o, y2, r2)
            gu = y2 @ self.b[i, "gu"].t()
            call(k.swiglu, n, m, gu, s)
            delta = s @ self.b[i, "d"].t()
            kept.append((y1, r1, qkv, a, lse, y2, r2, gu, s))
        y, r = new(h), torch.empty(n)
        call(k.add_norm, n, h, c["rms_norm_eps"], x, delta, y, r)
        return y, r, kept

    def losses(self, y, at, target, weight):
        """
        Cross entropy [len(at)] of the positions `at`, the gradient of its weighted sum to the logits, and the rows of y that it comes
        from; these two have a multiple of ROUND rows, those beyond len(at) zero.
        """
        seen = torch.zeros(-(-len(at) // ROUND) * ROUND, y.shape[1], dtype=torch.bfloat16)
        seen[:len(at)] = y[at]
        logits, loss = seen @ self.b["head"].t(), torch.empty(len(at))
        call(self.k.cross_entropy, len(at), self.c["vocab_size"], logits, target, weight, loss)
        logits[len(at):] = 0
        return loss, logits, seen

    def head_backward(self, dlogits, at, n):
        """The gradient [n, h] of the normed final hidden state; dlogits as `losses` returns them, zero beside the positions `at`."""
        g = torch.zeros(n, self.c["hidden_size"], dtype=torch.bfloat16)
        g[at] = (dlogits @ self.b["head"])[:len(at)]
        return g

    def add_gradients(self, ids, offsets, at, target, weight, gradients):
        """Adds to `gradients` (float32, the names of the weights) those of sum(weight * cross entropy at `at`). Returns the loss of each."""
        c, k, n = self.c, self.k, len(ids)
        h, m, heads, kv = c["hidden_size"], c["intermediate_size"], c["num_attention_heads"], c["num_key_value_heads"]
        y, r, kept = self.forward(ids, offsets)
        loss, dlogits, seen = self.losses(y, at, target, weight)

        def folded(names, norm, d):
            """The gradient d of a matrix with a norm folded in, split over the matrices it was made of and the norm's weights."""
            gain, row = self.w[norm], 0
            for name in names:
                part = d[row:row + len(self.w[name])]
                row += len(part)
                gradients[name].addcmul_(part, gain)
                gradients[norm].add_((part * self.w[name]).sum(0))

        embed = "model.embed_tokens.weight"
        folded([embed], "model.norm.weight", (dlogits.t() @ seen).float())
        dx, dxb = torch.zeros(n, h), torch.empty(n, h, dtype=torch.bfloat16)
        call(k.norm_backward, n, h, dx, y, r, self.head_backward(dlogits, at, n), dxb)
        for i in reversed(self.layers):
            p = f"model.layers.{i}."
            y1, r1, qkv, a, lse, y2, r2, gu, s = kept.pop()
            gradients[p + "mlp.down_proj.weight"].add_(dxb.t() @ s)
            ds = dxb @ self.b[i, "d"]
            call(k.swiglu_backward, n, m, gu, ds)
            folded([f"{p}mlp.{q}_proj.weight" for q in ("gate", "up")], p + "post_attention_layernorm.weight", (gu.t() @ y2).float())
            call(k.norm_backward, n, h, dx, y2, r2, gu @ self.b[i, "gu"], dxb)
            gradients[p + "self_attn.o_proj.weight"].add_(dxb.t() @ a)
            da, dqkv = dxb @ self.b[i, "o"], torch.empty_like(qkv)
            call(k.attention_backward, len(offsets) - 1, offsets, heads, kv, self.cos, self.sin, qkv, a, lse, da, dqkv)
            folded([f"{p}self_attn.{q}_proj.weight" for q in "qkv"], p + "input_layernorm.weight", (dqkv.t() @ y1).float())
            call(k.norm_backward, n, h, dx, y1, r1, dqkv @ self.b[i, "qkv"], dxb)
        call(k.embed_backward, n, h, ids, dx, gradients[embed])
        return loss
