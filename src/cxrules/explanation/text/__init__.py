"""What every explanation is written with: words and documents."""
