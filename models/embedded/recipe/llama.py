"""The Llama architecture in plain PyTorch, with the names and the rotary convention (half-split) that transformers uses."""
import math

import torch
import torch.nn.functional as F

CONFIG = dict(
    architectures=["LlamaForCausalLM"], model_type="llama", hidden_size=256, intermediate_size=736, num_hidden_layers=4,
    num_attention_heads=8, num_key_value_heads=4, head_dim=32, vocab_size=4096, max_position_embeddings=1024, rope_theta=10000.0,
    rms_norm_eps=1e-5, hidden_act="silu", attention_bias=False, mlp_bias=False, attention_dropout=0.0, tie_word_embeddings=True,
    initializer_range=0.02, use_cache=True, bos_token_id=0, eos_token_id=4, pad_token_id=0, pretraining_tp=1, rope_scaling=None,
    torch_dtype="float16")
LINEARS = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")


def rope_tables(length, dim, theta):
    frequency = theta ** (-torch.arange(0, dim, 2, dtype=torch.float64) / dim)
    angle = torch.arange(length, dtype=torch.float64)[:, None] * frequency[None]
    angle = torch.cat([angle, angle], 1)
    return angle.cos().float(), angle.sin().float()


def rotate(x, cos, sin):
    half = x.shape[-1] // 2
    return x * cos + torch.cat([-x[..., half:], x[..., :half]], -1) * sin


def rms_norm(x, weight, eps):
    return x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + eps) * weight


class Llama:
    """Weights are a dictionary of tensors, so that a LoRA branch or a quantised copy is just another dictionary."""

    def __init__(self, weights, config=CONFIG, linear=None):
        self.w, self.c = weights, config
        self.linear = linear or (lambda name, x: F.linear(x, self.w[name]))
        self.cos, self.sin = rope_tables(config["max_position_embeddings"], config["head_dim"], config["rope_theta"])

    @staticmethod
    def fresh(seed, config=CONFIG):
        g = torch.Generator().manual_seed(seed)
        h, m, d = config["hidden_size"], config["intermediate_size"], config["head_dim"]
        q, kv, layers = config["num_attention_heads"] * d, config["num_key_value_heads"] * d, config["num_hidden_layers"]
        new = lambda rows, cols, std: torch.randn(rows, cols, generator=g) * std
        w = {"model.embed_tokens.weight": new(config["vocab_size"], h, 0.02), "model.norm.weight": torch.ones(h)}
        for i in range(layers):
            p, out = f"model.layers.{i}.", 0.02 / math.sqrt(2 * layers)
            for name, rows, cols, std in (("self_attn.q_proj", q, h, 0.02), ("self_attn.k_proj", kv, h, 0.02), ("self_attn.v_proj", kv, h, 0.02),
                                          ("self_attn.o_proj", h, q, out), ("mlp.gate_proj", m, h, 0.02), ("mlp.up_proj", m, h, 0.02), ("mlp.down_proj", h, m, out)):
                w[f"{p}{name}.weight"] = new(rows, cols, std)
            w[p + "input_layernorm.weight"], w[p + "post_attention_layernorm.weight"] = torch.ones(h), torch.ones(h)
        return w

    def hidden(self, ids, mask=None, positions=None):
        """ids [B, T]; mask [B, 1, T, T] is added to the scores (None: causal); positions [B, T] (None: 0, 1, 2, …)."""
        c, (b, t) = self.c, ids.shape
        heads, kv, d = c["num_attention_heads"], c["num_key_value_heads"], c["head_dim"]
        if mask is None:
            mask = torch.full((t, t), float("-inf")).triu(1)
        cos, sin = (self.cos[:t], self.sin[:t]) if positions is None else (self.cos[positions][:, None], self.sin[positions][:, None])
        x = F.embedding(ids, self.w["model.embed_tokens.weight"])
        for i in range(c["num_hidden_layers"]):
            p = f"model.layers.{i}."
            y = rms_norm(x, self.w[p + "input_layernorm.weight"], c["rms_norm_eps"])
            q, k, v = (self.linear(f"{p}self_attn.{n}_proj.weight", y).view(b, t, -1, d).transpose(1, 2) for n in "qkv")
            q, k = rotate(q, cos, sin) * d**-0.5, rotate(k, cos, sin)
            # Grouped queries: the queries of one group become rows of one product, so keys are not copied.
            q = q.reshape(b, kv, heads // kv * t, d)
            scores = (q @ k.transpose(2, 3)).view(b, kv * (heads // kv), t, t)
            scores = torch.softmax(scores + mask, -1).view(b, kv, heads // kv * t, t)
            y = (scores @ v).view(b, heads, t, d).transpose(1, 2).reshape(b, t, heads * d)
            x = x + self.linear(p + "self_attn.o_proj.weight", y)
            y = rms_norm(x, self.w[p + "post_attention_layernorm.weight"], c["rms_norm_eps"])
            gate = F.silu(self.linear(p + "mlp.gate_proj.weight", y)) * self.linear(p + "mlp.up_proj.weight", y)
            x = x + self.linear(p + "mlp.down_proj.weight", gate)
        return rms_norm(x, self.w["model.norm.weight"], c["rms_norm_eps"])

    def logits(self, hidden):
        return F.linear(hidden, self.w["model.embed_tokens.weight"])

    @torch.no_grad()
    def greedy(self, ids, most=64, stop=4):
        """Greedy continuation of each list in `ids` (they may differ in length; no cache: small model, short texts)."""
        rows, done = [list(x) for x in ids], [False] * len(ids)
        start = [len(r) for r in rows]
        for _ in range(most):
            width = max(len(r) for r in rows)
            batch = torch.zeros(len(rows), width, dtype=torch.long)
            for i, r in enumerate(rows):
                batch[i, : len(r)] = torch.tensor(r)
            h = self.hidden(batch)
            last = torch.stack([h[i, len(r) - 1] for i, r in enumerate(rows)])
            for i, token in enumerate(self.logits(last).argmax(-1).tolist()):
                if not done[i]:
                    done[i] = token == stop
                    if not done[i]:
                        rows[i].append(token)
            if all(done):
                break
        return [r[s:] for r, s in zip(rows, start)], done
