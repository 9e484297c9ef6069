"""The words with which every explanation is written."""
