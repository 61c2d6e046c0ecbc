"""Readers and editors of JSON, TOML and YAML that change no other byte."""
