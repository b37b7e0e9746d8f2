"""The page: the second screen beside ``cli``. It answers requests as JSON, and serves them to a browser."""
