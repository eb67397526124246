"""Apps of gevent and eventlet, which run all their requests on one thread, metered as any other app."""
