"""`make sizes`: what agents, gateways, Prometheus and Jaeger take for so many calls a second."""
