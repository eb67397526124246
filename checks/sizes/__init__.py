"""`make sizes`: what agents, gateways and Prometheus take for so many calls a second."""
