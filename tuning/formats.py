"""The weight formats of runtime-wasm/quantization in PyTorch: what the package's integers, scales
and zero points become, with gradients by the straight-through estimate (Bengio et al., 2013), and
with learned steps (Esser et al., "Learned Step Size Quantization", 2020) and zero points."""

import torch

GROUP = 32


def straight_through(value, rounded):
    return value + (rounded - value).detach()


def round_half(x):
    return straight_through(x, x.to(torch.float16).float())


def byte_scale_code(scale):
    """The byte of the nearest scale of q2 and q3: four bits of exponent, four of fraction."""
    exponent = torch.floor(torch.log2(scale.clamp(2.0**-13, 7.75))).clamp(-13, 2)
    code = torch.round((scale / 2.0**exponent - 1) * 16) + (exponent + 13) * 16
    return code.clamp(0, 255)


def byte_scale(code):
    exponent = torch.floor(code / 16)
    return 2.0 ** (exponent - 13) * (1 + (code - 16 * exponent) / 16)


class LowBits:
    """q2 and q3: weight = scale * (quant - zero), scale a byte, zero 4 bits (q2) or a byte (q3)."""

    def __init__(self, bits):
        self.top = 2**bits - 1
        zeros = (0.5, 8, 15) if bits == 2 else (0.0, 32, 255)
        self.zero_first, self.zero_steps, self.zero_top = zeros

    def line(self, scale, zero):
        scale = straight_through(scale, byte_scale(byte_scale_code(scale)))
        steps = ((zero - self.zero_first) * self.zero_steps).clamp(0, self.zero_top)
        zero = straight_through(steps, steps.round()) / self.zero_steps + self.zero_first
        return scale, zero


class Halves:
    """q4: scale f16, zero point 8."""

    top = 15

    def line(self, scale, zero):
        return round_half(scale), torch.full_like(zero, 8.0)


class SignedBytes:
    """q4s: scale a sign, four bits of exponent and three of fraction, zero point 8."""

    top = 15

    def line(self, scale, zero):
        size = scale.abs().clamp(2.0**-14, 3.75)
        unit = 2.0 ** (torch.floor(torch.log2(size)) - 3)
        rounded = torch.where(scale < 0, -1.0, 1.0) * ((size / unit).round() * unit).clamp_max(3.75)
        return straight_through(scale, rounded), torch.full_like(zero, 8.0)


FORMATS = {"q2": LowBits(2), "q3": LowBits(3), "q4": Halves(), "q4s": SignedBytes()}


def quantize(name, weight, scale, zero):
    """Weights [rows, groups, 32] as the format holds them, and their quants."""
    form = FORMATS[name]
    scale, zero = form.line(scale, zero)
    steps = (weight / scale + zero).clamp(0, form.top)
    quants = straight_through(steps, steps.round())
    return scale * (quants - zero), quants


def quantize_q8(weight):
    """Rows of groups as q8 holds them: scale = largest magnitude / 127, rounded to f16."""
    groups = weight.view(weight.shape[0], -1, GROUP)
    scale = (groups.detach().abs().amax(-1, keepdim=True) / 127).to(torch.float16).float()
    steps = (groups / scale.clamp_min(1e-7)).clamp(-127, 127)
    return (straight_through(steps, steps.round()) * scale).view_as(weight)


def fit(name, groups):
    """Scale and zero point of least squared error for every group, by search."""
    form = FORMATS[name]
    low, high = groups.amin(-1, keepdim=True), groups.amax(-1, keepdim=True)
    best = None
    for share in torch.arange(0.4, 1.06, 0.05).tolist():
        if name in ("q4", "q4s"):
            scale = share * torch.maximum(-low / 8, high / 7).clamp_min(1e-6)
            zero = torch.full_like(scale, 8.0)
        else:
            scale = (share * (high - low) / form.top).clamp_min(2.0**-13)
            zero = form.top / 2 - (low + high) / 2 / scale
        error = (quantize(name, groups, scale, zero)[0] - groups).square().sum(-1, keepdim=True)
        if best is None:
            best = [error, scale, zero]
        better = error < best[0]
        for kept, new in zip(best, (error, scale, zero)):
            kept.copy_(torch.where(better, new, kept))
    return best[1], best[2]
