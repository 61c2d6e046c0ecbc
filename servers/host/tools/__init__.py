"""Tools as plain async functions: schemas, calls, results, switches."""
