package server

import "log/slog"

// newLogger makes the logger of a Config with its defaults filled in. An
// unknown format or level is refused by Validate; here it counts as the default.
func newLogger(c Config) *slog.Logger {
	var level slog.Level
	if err := level.UnmarshalText([]byte(c.LogLevel)); err != nil {
		level = slog.LevelInfo
	}
	options := &slog.HandlerOptions{Level: level}
	if c.LogFormat == "json" {
		return slog.New(slog.NewJSONHandler(c.LogOutput, options))
	}
	return slog.New(slog.NewTextHandler(c.LogOutput, options))
}
