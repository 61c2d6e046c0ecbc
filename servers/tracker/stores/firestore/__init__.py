"""The shared store: Google Firestore."""
