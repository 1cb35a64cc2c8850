"""How events come in: one file per Lambda function; parse, call, answer."""
