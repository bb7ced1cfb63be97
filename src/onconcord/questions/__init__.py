"""What people ask of finished tables: explain, compare, certify, reproduce, read."""
