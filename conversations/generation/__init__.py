"""What turns a question into a saved answer: runner, live answers, clocks, queue and sweep."""
