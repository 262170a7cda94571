#!/usr/bin/env bash
# tools/gpu_run.sh [SHAPE [FOLDER]]: one command that measures a real shape with random weights on this machine's GPU; planned for nine minutes.
# It needs no network and no model: a driver, and a Python that has vllm and what this package needs (PYTHON=/path/to/python; by default the
# one beside the vllm on the path, else python3). MINUTES is the budget, MIXES the lengths, the first of them kept when the budget is short.
set -euo pipefail
here=$(cd "$(dirname "$0")/.." && pwd)
shape=${1:-llama-3.1-8b} folder=${2:-gpu-run} minutes=${MINUTES:-8.5}
case $shape in
    llama-3.1-8b) model=meta-llama/Llama-3.1-8B-Instruct ;;
    llama-3.3-70b) model=meta-llama/Llama-3.3-70B-Instruct; BENCH_FLAGS="--quantization fp8 ${BENCH_FLAGS:-}" ;;  # 141 GB in bf16
    qwen3-8b) model=Qwen/Qwen3-8B ;;
    qwen3-32b) model=Qwen/Qwen3-32B ;;
    tiny) model=test/tiny ;;  # a rehearsal, nobody's model
    *) echo "shapes are llama-3.1-8b, llama-3.3-70b, qwen3-8b and qwen3-32b" >&2; exit 2 ;;
esac
python=${PYTHON:-$(dirname "$(command -v vllm || echo /none/vllm)")/python}
[ -x "$python" ] || python=$(command -v python3)
mkdir -p "$folder"
"$python" "$here/tests/vllm/make_model.py" "$folder/$shape" "$shape"

# A vllm that was unpacked rather than installed has no command of that name.
vllm=$(dirname "$python")/vllm
if [ ! -x "$vllm" ]; then
    vllm=$PWD/$folder/vllm
    [ "${folder#/}" = "$folder" ] || vllm=$folder/vllm
    printf '#!%s\nimport sys\nfrom vllm.entrypoints.cli.main import main\nsys.exit(main())\n' "$python" > "$vllm"
    chmod +x "$vllm"
fi
export PYTHONPATH="$here${PYTHONPATH:+:$PYTHONPATH}" HF_HUB_OFFLINE=1 TRANSFORMERS_OFFLINE=1 VLLM_NO_USAGE_STATS=1 DO_NOT_TRACK=1
export VLLM_USE_FLASHINFER_SAMPLER=${VLLM_USE_FLASHINFER_SAMPLER:-0}  # its kernels are compiled at the first use, which needs a network
exec "$python" -m tco.cli bench "$folder/$shape" --as "$model" --vllm "$vllm" --quick --window-seconds "${WINDOW:-6}" --budget-minutes "$minutes" \
    --lengths "${MIXES:-1024x256,4096x64,256x256,2048x128,8192x128,512x64}" --concurrency "${LOADS:-32:512}" --slo ttft=1000ms,tpot=25ms \
    --no-open-loop --cached-frac 0 --server-args "--load-format dummy --dtype bfloat16 --max-model-len 10240 ${SERVER_ARGS:-}" \
    --state "$folder/state" --output "$folder/profiles" --data "$here" ${BENCH_FLAGS:-}
