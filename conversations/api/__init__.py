"""The HTTP API: what people do on the pages, for their programs. docs/api.md describes it.

`handling` lets requests in and turns what is refused into JSON, `streams` sends an answer as server-sent events,
`reading` looks, `asking` asks and stops; `shapes` is the one place that knows the JSON.
"""
