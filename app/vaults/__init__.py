"""The stores of secrets: the keyring of the system, and a file that a passphrase seals."""
