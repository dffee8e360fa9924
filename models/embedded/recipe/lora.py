"""LoRA over fused.py's products: loss and the adapter's gradients of a few rows, in bfloat16 with float32 masters (check_fused.py)."""
import math

import torch

from fused import Fused, call

GROUPS = (("qkv", ("self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj"), "input_layernorm"), ("o", ("self_attn.o_proj",), None),
          ("gu", ("mlp.gate_proj", "mlp.up_proj"), "post_attention_layernorm"), ("d", ("mlp.down_proj",), None))


class Lora(Fused):
    """Base weights as in Fused. The adapter of all linear modules lies in one vector, `flat`: `pairs` maps a weight's name to views A [rank, in], B [out, rank]."""

    def __init__(self, weights, config, rank=16, alpha=32):
        super().__init__(weights, config)
        self.rank, self.scale = rank, alpha / rank
        shapes = [(f"model.layers.{i}.{n}.weight", part) for i in self.layers for _, names, _ in GROUPS for n in names for part in "AB"]
        sizes = [(rank, weights[name].shape[1]) if part == "A" else (weights[name].shape[0], rank) for name, part in shapes]
        total = sum(a * b for a, b in sizes)
        self.flat, self.gradient = torch.zeros(total), torch.zeros(total)
        self.pairs, self.slopes, at = {}, {}, 0
        for (name, part), (rows, cols) in zip(shapes, sizes):
            for vector, out in ((self.flat, self.pairs), (self.gradient, self.slopes)):
                out.setdefault(name, {})[part] = vector[at:at + rows * cols].view(rows, cols)
            at += rows * cols

    def start(self, generator):
        """A as PEFT starts it (kaiming_uniform with a = sqrt(5)), B zero."""
        for pair in self.pairs.values():
            pair["A"].uniform_(-1, 1, generator=generator).div_(math.sqrt(pair["A"].shape[1]))
            pair["B"].zero_()

    def merged(self):
        return {k: w.addmm(self.pairs[k]["B"], self.pairs[k]["A"], alpha=self.scale) if k in self.pairs else w for k, w in self.w.items()}

    def cast(self):
        """Each group's A with the norm's weights and the scale in it, and its B as blocks of one matrix."""
        self.a, self.bb = {}, {}
        for i in self.layers:
            p = f"model.layers.{i}."
            for group, names, norm in GROUPS:
                mine = [self.pairs[f"{p}{n}.weight"] for n in names]
                a = torch.cat([x["A"] for x in mine]) * self.scale
                self.a[i, group] = (a * self.w[f"{p}{norm}.weight"] if norm else a).bfloat16()
                self.bb[i, group] = torch.block_diag(*(x["B"] for x in mine)).bfloat16() if len(mine) > 1 else mine[0]["B"].bfloat16()

    def product(self, i, group, x):
        u = x @ self.a[i, group].t()
        return torch.addmm(x @ self.b[i, group].t(), u, self.bb[i, group].t()), u

    def back(self, i, group, x, u, dz):
        """Adds the adapter's gradients of a product and returns that of its input."""
        p, (_, names, norm) = f"model.layers.{i}.", next(g for g in GROUPS if g[0] == group)
        db, du = dz.t() @ u, dz @ self.bb[i, group]
        da = (du.t() @ x).float() * self.scale
        if norm:
            da *= self.w[f"{p}{norm}.weight"]
        row = 0
        for k, n in enumerate(names):
            slope, r = self.slopes[f"{p}{n}.weight"], self.rank
            slope["A"] += da[k * r:(k + 1) * r]
            slope["B"] += db[row:row + len(slope["B"]), k * r:(k + 1) * r]
            row += len(slope["B"])
        return torch.addmm(dz @ self.b[i, group], du, self.a[i, group])

    def embedded(self, ids, offsets):
        return self.w["model.embed_tokens.weight"][ids.long()]

    def tune(self, ids, offsets, at, target):
        """Sets `gradient` to that of the mean cross entropy of the positions `at`; returns that mean."""
        c, k, n = self.c, self.k, len(ids)
        h, m, heads, kv = c["hidden_size"], c["intermediate_size"], c["num_attention_heads"], c["num_key_value_heads"]
        self.gradient.zero_()
        self.cast()
        x = self.embedded(ids, offsets)
        new = lambda width: torch.empty(n, width, dtype=torch.bfloat16)
        kept, delta = [], None
        for i in self.layers:
            y1, r1, y2, r2, a, s, lse = new(h), torch.empty(n), new(h), torch.empty(n), new(heads * 32), new(m), torch.empty(n, heads)
            call(k.add_norm, n, h, c["rms_norm_eps"], x, delta, y1, r1)
            qkv, u1 = self.product(i, "qkv", y1)
            call(k.attention, len(offsets) - 1, offsets, heads, kv, self.cos, self.sin, qkv, a, lse)
            o, u2 = self.product(i, "o", a)
            call(k.add_norm, n, h, c["rms_norm_eps"], x, o, y2, r2)
            gu, u3 = self.product(i, "gu", y2)
            call(k.swiglu, n, m, gu, s)
            delta, u4 = self.product(i, "d", s)
            kept.append((y1, r1, qkv, a, lse, y2, r2, gu, s, u1, u2, u3, u4))
        y, r = new(h), torch.empty(n)
        call(k.add_norm, n, h, c["rms_norm_eps"], x, delta, y, r)
        loss, dlogits, _ = self.losses(y, at, target, torch.full((len(at),), 1 / len(at)))
        dx, dxb = torch.zeros(n, h), torch.empty(n, h, dtype=torch.bfloat16)
        call(k.norm_backward, n, h, dx, y, r, self.head_backward(dlogits, at, n), dxb)
        for i in reversed(self.layers):
            y1, r1, qkv, a, lse, y2, r2, gu, s, u1, u2, u3, u4 = kept.pop()
            ds = self.back(i, "d", s, u4, dxb)
            call(k.swiglu_backward, n, m, gu, ds)
            call(k.norm_backward, n, h, dx, y2, r2, self.back(i, "gu", y2, u3, gu), dxb)
            da, dqkv = self.back(i, "o", a, u2, dxb), torch.empty_like(qkv)
            call(k.attention_backward, len(offsets) - 1, offsets, heads, kv, self.cos, self.sin, qkv, a, lse, da, dqkv)
            call(k.norm_backward, n, h, dx, y1, r1, self.back(i, "qkv", y1, u1, dqkv), dxb)
        return loss.mean().item()
