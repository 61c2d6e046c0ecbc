"""JSON, TOML and YAML client files: parsed, and edited without touching other bytes."""
