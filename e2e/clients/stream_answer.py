"""Streams a chat answer with OpenAI's Python client: prints one JSON array of the pieces it got.

Usage: stream_answer.py BASE_URL MODEL QUESTION
"""

import json
import sys

from openai import OpenAI


def main() -> None:
    base_url, model, question = sys.argv[1:]
    client = OpenAI(base_url=base_url, api_key="unused", max_retries=0)
    stream = client.chat.completions.create(
        model=model,
        messages=[{"role": "user", "content": question}],
        temperature=0,
        max_tokens=24,
        stream=True,
    )
    pieces = [chunk.choices[0].delta.content or "" for chunk in stream if chunk.choices]
    print(json.dumps(pieces))


main()
