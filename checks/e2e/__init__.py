"""The whole way, with real programs: app, Collector, Jaeger, Prometheus, Alertmanager, pager."""
