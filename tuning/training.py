"""Distillation of a quantized student: all latent weights, scales and zero points are trained
towards the full model's distribution over texts that the full model writes itself (LLM-QAT, Liu et
al., 2023, section 3.1; EfficientQAT, Chen et al., 2024, for what is trained)."""

import math
import time

import torch
import torch.nn.functional as F

import formats
from llama import sample

BATCH = 96  # texts in a step

class Student:
    """Latent weights of a model and their quantized form. `types` says which format each matrix
    has; norms are trained as they are."""

    def __init__(self, weights, types):
        self.types = types
        self.shapes = {name: weights[name].shape for name in types}
        self.latent, self.log_scale, self.zero = {}, {}, {}
        for name, tensor in weights.items():
            self.latent[name] = tensor.clone()
            if types.get(name) in formats.FORMATS:
                groups = tensor.view(tensor.shape[0], -1, formats.GROUP)
                scale, zero = formats.fit(types[name], groups)
                self.start_from(name, groups, scale, zero)
        for parameter in self.parameters():
            parameter.requires_grad_(True)

    def start_from(self, name, groups, scale, zero):
        self.latent[name] = groups.clone()
        self.log_scale[name], self.zero[name] = scale.log(), zero.clone()

    def parameters(self):
        return [*self.latent.values(), *self.log_scale.values(), *self.zero.values()]

    def optimizer(self, rate):
        embeddings = [t for n, t in self.latent.items() if "embed" in n or "lm_head" in n]
        others = [t for n, t in self.latent.items() if "embed" not in n and "lm_head" not in n]
        return torch.optim.AdamW(
            [{"params": others, "share": 1.0}, {"params": embeddings, "share": 0.3},
             {"params": list(self.log_scale.values()), "share": 1.0},
             {"params": list(self.zero.values()), "share": 3.0}],
            lr=rate, betas=(0.9, 0.95), weight_decay=0.0, fused=True)

    def weights(self):
        """What the package's kernels multiply with."""
        result = {}
        for name, tensor in self.latent.items():
            kind = self.types.get(name)
            if name in self.zero:
                values, _ = formats.quantize(kind, tensor, self.log_scale[name].exp(),
                                             self.zero[name])
                result[name] = values.reshape(self.shapes[name])
            else:
                result[name] = formats.quantize_q8(tensor) if kind == "q8" else tensor
        return result

    def integers(self, name):
        """Quants, stored scales and stored zero points of a matrix."""
        with torch.no_grad():
            scale, zero = self.log_scale[name].exp(), self.zero[name]
            _, quants = formats.quantize(self.types[name], self.latent[name], scale, zero)
            scale, zero = formats.FORMATS[self.types[name]].line(scale, zero)
        return quants.round().to(torch.uint8), scale.squeeze(-1), zero.squeeze(-1)


def divergence(student, teacher):
    """Mean KL(teacher || student) over positions."""
    student = F.log_softmax(student.flatten(0, 1).float(), -1)
    teacher = F.log_softmax(teacher.flatten(0, 1).float(), -1)
    return F.kl_div(student, teacher, reduction="batchmean", log_target=True)


def write_texts(model, teacher, batches, start_id, tokens=512, sequences=4096):
    texts = [sample(model, teacher, sequences, tokens, start_id) for _ in range(batches)]
    return torch.cat(texts)


def distil(model, teacher, student, texts, seconds, rate, batch=BATCH):
    """Trains for `seconds` and gives the number of steps. The rate rises for 100 steps and falls by
    a cosine over the time; rates above 5e-4 made weights forget more than they learned."""
    half = {name: tensor.bfloat16() for name, tensor in teacher.items()}
    optimizer = student.optimizer(rate)

    def loss_of(ids):
        with torch.no_grad():
            wanted = model.forward(half, ids)
        weights = {name: tensor.bfloat16() for name, tensor in student.weights().items()}
        return divergence(model.forward(weights, ids), wanted)

    compiled = torch.compile(loss_of)
    compiled(texts[:batch].long()).backward()  # compiles before the clock starts
    optimizer.zero_grad(set_to_none=True)
    started, step, order = time.time(), 0, None
    while (share := (time.time() - started) / seconds) < 1:
        at = step * batch % (len(texts) // batch * batch)
        if at == 0:
            order = torch.randperm(len(texts), device=texts.device)
        rate_now = rate * min(1.0, (step + 1) / 100) * 0.5 * (1 + math.cos(math.pi * share))
        for group in optimizer.param_groups:
            group["lr"] = rate_now * group["share"]
        loss = compiled(texts[order[at:at + batch]].long())
        loss.backward()
        torch.nn.utils.clip_grad_norm_(student.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        step += 1
        if step % 250 == 0 or step == 1:
            print(f"step {step}: {time.time() - started:.0f} s of {seconds:.0f}, "
                  f"divergence {loss.item():.4f}", flush=True)
    return step
