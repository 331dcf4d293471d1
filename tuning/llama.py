"""A Llama decoder in plain PyTorch over a dictionary of weights, so that any weight can be replaced
by its quantized form; and sampling from it with a captured CUDA graph."""

import json
import pathlib

import torch
import torch.nn.functional as F
from safetensors.torch import load_file


class Llama:
    """The shape of a model, and its forward pass: RMS norms, rotary positions, grouped attention,
    gated MLP (Touvron et al., 2023)."""

    def __init__(self, folder, device):
        config = json.loads((pathlib.Path(folder) / "config.json").read_text())
        self.layers = config["num_hidden_layers"]
        self.heads = config["num_attention_heads"]
        self.key_value_heads = config.get("num_key_value_heads", self.heads)
        self.head_size = config.get("head_dim") or config["hidden_size"] // self.heads
        self.epsilon = config["rms_norm_eps"]
        self.vocabulary = config["vocab_size"]
        rope = config.get("rope_parameters") or {}
        if rope.get("rope_type", "default") != "default" or config.get("rope_scaling"):
            raise SystemExit("only default rotary positions are supported here")
        theta = rope.get("rope_theta", config.get("rope_theta", 10000.0))
        exponents = torch.arange(0, self.head_size, 2, device=device).float() / self.head_size
        angles = torch.outer(torch.arange(config["max_position_embeddings"], device=device).float(),
                             theta ** -exponents)
        angles = torch.cat((angles, angles), -1)
        self.cosine, self.sine = angles.cos(), angles.sin()

    def rotate(self, x, positions):  # x [batch, heads, tokens, head_size]
        first, second = x.chunk(2, -1)
        turned = torch.cat((-second, first), -1)
        return (x * self.cosine[positions].to(x.dtype)
                + turned * self.sine[positions].to(x.dtype))

    def norm(self, x, weight):
        wide = x.float()
        return (wide * torch.rsqrt(wide.square().mean(-1, keepdim=True) + self.epsilon)
                * weight.float()).to(x.dtype)

    def attend(self, weights, prefix, x, positions, cache):
        def split(name, heads):
            y = F.linear(x, weights[f"{prefix}self_attn.{name}_proj.weight"])
            return y.view(*x.shape[:2], heads, self.head_size).transpose(1, 2)

        query = self.rotate(split("q", self.heads), positions)
        key = self.rotate(split("k", self.key_value_heads), positions)
        value = split("v", self.key_value_heads)
        mask = None
        if cache is not None:  # one token: its place in the cache is `positions`
            cache[0].index_copy_(2, positions, key)
            cache[1].index_copy_(2, positions, value)
            key, value = cache[0], cache[1]
            mask = torch.arange(key.shape[2], device=x.device)[None, :] <= positions[:, None]
        y = F.scaled_dot_product_attention(query, key, value, attn_mask=mask,
                                           is_causal=cache is None, enable_gqa=True)
        y = y.transpose(1, 2).reshape(*x.shape[:2], -1)
        return F.linear(y, weights[f"{prefix}self_attn.o_proj.weight"])

    def forward(self, weights, ids, positions=None, caches=None):
        """Logits [batch, tokens, vocabulary]."""
        if positions is None:
            positions = torch.arange(ids.shape[1], device=ids.device)
        embedding = weights["model.embed_tokens.weight"]
        x = F.embedding(ids, embedding)
        for layer in range(self.layers):
            prefix = f"model.layers.{layer}."
            normed = self.norm(x, weights[prefix + "input_layernorm.weight"])
            x = x + self.attend(weights, prefix, normed, positions,
                                None if caches is None else caches[layer])
            normed = self.norm(x, weights[prefix + "post_attention_layernorm.weight"])
            gate = F.silu(F.linear(normed, weights[prefix + "mlp.gate_proj.weight"]))
            up = F.linear(normed, weights[prefix + "mlp.up_proj.weight"])
            x = x + F.linear(gate * up, weights[prefix + "mlp.down_proj.weight"])
        x = self.norm(x, weights["model.norm.weight"])
        return F.linear(x, weights.get("lm_head.weight", embedding))


def load_weights(folder, device):
    weights = {}
    for path in sorted(pathlib.Path(folder).glob("model*.safetensors")):
        weights |= {name: tensor.float().to(device) for name, tensor in load_file(path).items()}
    return weights


@torch.no_grad()
def sample(model, weights, sequences, tokens, start_id):
    """`sequences` texts of `tokens` ids that the model writes itself, at temperature 1."""
    device = weights["model.norm.weight"].device
    half = {name: tensor.bfloat16() for name, tensor in weights.items()}
    shape = (sequences, model.key_value_heads, tokens, model.head_size)
    caches = [(torch.zeros(shape, dtype=torch.bfloat16, device=device),
               torch.zeros(shape, dtype=torch.bfloat16, device=device))
              for _ in range(model.layers)]
    ids = torch.full((sequences, 1), start_id, device=device)
    position = torch.zeros(1, dtype=torch.long, device=device)

    def step():
        logits = model.forward(half, ids, position, caches)[:, 0].float()
        noise = -torch.empty_like(logits).exponential_().log()  # the Gumbel trick
        ids.copy_((logits + noise).argmax(-1, keepdim=True))

    graph = torch.cuda.CUDAGraph()
    side = torch.cuda.Stream()  # capturing wants a warm-up on another stream
    side.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(side):
        step()
    torch.cuda.current_stream().wait_stream(side)
    with torch.cuda.graph(graph):
        step()
    ids.fill_(start_id)
    text = torch.empty(sequences, tokens, dtype=torch.int16, device=device)
    for i in range(tokens):
        text[:, i] = ids[:, 0].to(torch.int16)
        position.fill_(i)
        graph.replay()
    return text
