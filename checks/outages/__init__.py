"""`make outages`: what outages, signals and forks lose."""
