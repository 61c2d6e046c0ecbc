"""The stores of key values: the system keyring and a passphrase-sealed file."""
