"""How long tests wait for what should come at once.

A test that passes never waits so long: it goes on with the state that it waits for. A machine on which several files of
tests run at once may be many times slower than an idle one, and a limit near the usual time would call that a fault.
Where a test holds the site to a span that it promises, the span stands in the test.
"""

SECONDS = 60
