"""What the tests are made of: the server under test, its peers, and the judges of what they saw."""
