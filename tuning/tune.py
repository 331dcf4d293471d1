"""Tunes a converted package towards its full model, with no training data: the full model writes
texts, and the package's weights, scales and zero points learn its distribution over them.

    python3 tuning/tune.py train --model FOLDER --package PACKAGE --state FILE [--seconds 130]
    python3 tuning/tune.py write --package PACKAGE --state FILE --out PACKAGE2

`train` needs PyTorch and a CUDA GPU; `write` needs numpy and safetensors. PACKAGE says which format
each matrix has and is left as it is.
"""

import argparse

from package import read_manifest, write_tuned

TRAINED = ("q2", "q3", "q4", "q4s", "q8")


def train(options):
    import torch
    from safetensors.torch import save_file

    import training
    from llama import Llama, load_weights

    torch.manual_seed(1)
    torch.backends.cuda.matmul.allow_tf32 = True
    model = Llama(options.model, "cuda")
    teacher = load_weights(options.model, "cuda")
    types = {entry["name"]: entry["type"] for entry in read_manifest(options.package)["tensors"]
             if entry["type"] in TRAINED}
    texts = training.write_texts(model, teacher, options.batches, start_id=0)
    print(f"the model wrote {texts.numel():,} tokens", flush=True)
    student = training.Student(teacher, types)
    steps = training.distil(model, teacher, student, texts, options.seconds, options.rate)
    state = {}
    for name, tensor in student.latent.items():
        if name in student.zero:
            quants, scales, zeros = student.integers(name)
            state |= {name + ".quants": quants, name + ".scales": scales, name + ".zeros": zeros}
        else:
            state[name] = tensor.detach()
    note = f"distillation, {steps} steps of {training.BATCH * texts.shape[1]} tokens"
    save_file({name: tensor.detach().cpu().contiguous() for name, tensor in state.items()},
              options.state, metadata={"note": note})


def write(options):
    from safetensors import safe_open

    with safe_open(options.state, "numpy") as file:
        state = {name: file.get_tensor(name) for name in file.keys()}
        note = (file.metadata() or {}).get("note", "distillation")
    write_tuned(options.package, options.out, state, note)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    commands = parser.add_subparsers(required=True)
    command = commands.add_parser("train")
    command.add_argument("--model", required=True, help="Hugging Face folder of the full model")
    command.add_argument("--package", required=True, help="package made by tessera convert")
    command.add_argument("--state", required=True, help="file for what was learned")
    command.add_argument("--seconds", type=float, default=130)
    command.add_argument("--rate", type=float, default=2.5e-4)
    command.add_argument("--batches", type=int, default=12, help="of 4096 texts of 512 tokens")
    command.set_defaults(run=train)
    command = commands.add_parser("write")
    command.add_argument("--package", required=True)
    command.add_argument("--state", required=True)
    command.add_argument("--out", required=True)
    command.set_defaults(run=write)
    options = parser.parse_args()
    options.run(options)


if __name__ == "__main__":
    main()
