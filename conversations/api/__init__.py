"""The HTTP API: what people do on the pages, for their programs. docs/api.md describes it.

`application` takes requests and sends answers, `handling` lets people in and turns what is refused into JSON, `streams`
makes events of an answer that a `listening` reader follows, `reading` looks, `asking` asks and stops; `shapes` is the
one place that knows the JSON.
"""
