"""
A stand-in for vllm: `serve` answers as an OpenAI-compatible server with scripted latencies, `bench serve` loads it and writes what vLLM's
client writes with --save-detailed. Standard library only. The script of latencies comes in FAKE_VLLM, a JSON object.
"""

import argparse
import asyncio
import json
import os
import random
import signal
import subprocess
import sys
import time
from itertools import pairwise
from pathlib import Path

SCRIPT = {
    "ttft_s": 0.02,
    "tpot_s": 0.004,
    "slow_tpot_s": 0.03,
    "knee": 6,
    "dies": "",
    "dies_after": 0,
    "dies_above": 0,
    "hides_metrics": False,
    "fails_every": 0,
}
SCRIPT |= json.loads(os.environ.get("FAKE_VLLM", "{}"))
CHUNK = b'data: {"choices": [{"text": "x "}]}\n\n'
"""One token as an OpenAI-compatible server streams it; the real client reads it too, see benchmarks/client_load.py."""


class Server:
    def __init__(self, model: str) -> None:
        self.model, self.in_flight, self.served, self.prompt_tok, self.answered_tok = model, 0, 0, 0, 0

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            length = next(
                (int(line.split(":")[1]) for line in head.splitlines() if line.lower().startswith("content-length")), 0
            )
            body = json.loads(await reader.readexactly(length)) if length else {}
            path = head.split()[1]
            if path == "/v1/completions":
                await self.complete(body, writer)
            else:
                pages = {
                    "/health": "",
                    "/version": json.dumps({"version": "0.0-fake"}),
                    "/v1/models": json.dumps({"data": [{"id": self.model, "max_model_len": 4096}]}),
                    "/metrics": f"vllm:prefix_cache_queries_total {self.prompt_tok}\nvllm:prefix_cache_hits_total 0\n"
                    f"vllm:generation_tokens_total {self.answered_tok}\n",
                }
                if SCRIPT["hides_metrics"]:
                    del pages["/metrics"]
                self.head(writer, 200 if path in pages else 404)
                writer.write(pages.get(path, "").encode())
        finally:
            writer.close()

    def head(self, writer: asyncio.StreamWriter, status: int) -> None:
        writer.write(f"HTTP/1.1 {status} x\r\nConnection: close\r\n\r\n".encode())

    async def complete(self, body: dict, writer: asyncio.StreamWriter) -> None:
        self.served += 1
        full = SCRIPT["dies_above"] and self.in_flight >= SCRIPT["dies_above"]
        if full or (SCRIPT["dies_after"] and self.served > SCRIPT["dies_after"]):
            print("torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB.", flush=True)
            os._exit(1)
        if SCRIPT["fails_every"] and self.served % SCRIPT["fails_every"] == 0:
            self.head(writer, 500)
            return
        self.in_flight += 1
        try:
            self.head(writer, 200)
            self.prompt_tok += len(body["prompt"].split())
            await asyncio.sleep(SCRIPT["ttft_s"])
            for token in range(body["max_tokens"]):
                if token:
                    await asyncio.sleep(SCRIPT["tpot_s"] if self.in_flight <= SCRIPT["knee"] else SCRIPT["slow_tpot_s"])
                self.answered_tok += 1
                writer.write(CHUNK)
                await writer.drain()
            used = {"prompt_tokens": len(body["prompt"].split()), "completion_tokens": body["max_tokens"]}
            writer.write(f"data: {json.dumps({'choices': [], 'usage': used})}\n\ndata: [DONE]\n\n".encode())
        finally:
            self.in_flight -= 1


def serve(words: list[str]) -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("model")
    parser.add_argument("--port", type=int)
    parser.add_argument("--served-model-name")
    told, _ = parser.parse_known_args(words)
    if SCRIPT["dies"]:
        print("starting the engine\n" + SCRIPT["dies"], flush=True)
        sys.exit(1)
    if SCRIPT.get("hangs"):
        for each in (signal.SIGINT, signal.SIGTERM):
            signal.signal(each, signal.SIG_IGN)
        print("loading weights for ever", flush=True)
        time.sleep(600)
    subprocess.Popen([sys.executable, "-c", "import signal, time; signal.signal(2, signal.SIG_IGN); time.sleep(600)"])

    async def run() -> None:
        server = Server(told.served_model_name or told.model)
        async with await asyncio.start_server(server.answer, "127.0.0.1", told.port) as listening:
            await listening.serve_forever()

    asyncio.run(run())


async def request(host: str, port: int, model: str, input_tok: int, output_tok: int, rng: random.Random) -> dict:
    prompt = " ".join(f"t{rng.randrange(9999)}" for _ in range(input_tok))
    body = json.dumps({"model": model, "prompt": prompt, "max_tokens": output_tok}).encode()
    start = time.perf_counter()
    reader, writer = await asyncio.open_connection(host, port)
    head = f"POST /v1/completions HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n\r\n".encode()
    writer.write(head + body)
    status = int((await reader.readuntil(b"\r\n\r\n")).split()[1])
    at = []
    while line := await reader.readline():
        if line.startswith(CHUNK[:20]):
            at.append(time.perf_counter())
    writer.close()
    ok = status == 200 and len(at) == output_tok
    end = at[-1] if at else time.perf_counter()
    return {
        "start": start, "ttft": at[0] - start if at else 0.0, "itls": [after - before for before, after in pairwise(at)],
        "latency": end - start, "input": input_tok, "output": len(at), "error": "" if ok else f"status {status}",
    }  # fmt: skip


def load(words: list[str]) -> None:
    parser = argparse.ArgumentParser()
    for name in ("base-url", "model", "result-dir", "result-filename"):
        parser.add_argument(f"--{name}")
    for name in (
        "random-input-len",
        "random-prefix-len",
        "random-output-len",
        "num-prompts",
        "max-concurrency",
        "seed",
    ):
        parser.add_argument(f"--{name}", type=int, default=0)
    parser.add_argument("--request-rate", type=float, default=0.0)
    told, _ = parser.parse_known_args(words)
    host, port = told.base_url.removeprefix("http://").split(":")
    rng, done = random.Random(told.seed), []
    room = asyncio.Semaphore(told.max_concurrency or 10_000)

    async def one() -> None:
        async with room:
            tokens = told.random_input_len + told.random_prefix_len
            done.append(await request(host, int(port), told.model, tokens, told.random_output_len, rng))

    async def run() -> None:
        async with asyncio.TaskGroup() as group:
            for _ in range(told.num_prompts):
                group.create_task(one())
                if told.request_rate:
                    await asyncio.sleep(1.0 / told.request_rate)

    began = time.perf_counter()
    asyncio.run(run())
    good = [each for each in done if not each["error"]]
    took = time.perf_counter() - began
    result = {
        "duration": took, "completed": len(good), "failed": len(done) - len(good), "max_concurrency": told.max_concurrency,
        "total_output_tokens": sum(each["output"] for each in good), "output_throughput": sum(each["output"] for each in good) / took,
        "input_lens": [each["input"] for each in done], "output_lens": [each["output"] for each in done],
        "start_times": [each["start"] for each in done], "ttfts": [each["ttft"] for each in done], "itls": [each["itls"] for each in done],
        "latencies": [each["latency"] for each in done], "errors": [each["error"] for each in done],
    }  # fmt: skip
    Path(told.result_dir, told.result_filename).write_text(json.dumps(result))


if __name__ == "__main__":
    serve(sys.argv[2:]) if sys.argv[1] == "serve" else load(sys.argv[3:])
