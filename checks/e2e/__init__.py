"""The whole way, with real programs: app, Collector, Jaeger, Prometheus, VictoriaMetrics, Alertmanager, pager."""
