package command

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"

	"github.com/caddyserver/caddy/v2"

	"github.com/caddymgw/gateway/modules/mgw"
)

// provision reads a configuration as `caddy validate` does, and has fewer effects:
// no log is opened, no upstream is asked how it is, and what Caddy stores on the way
// goes to a folder that is removed.
func provision(file, adapter string) (*mgw.App, error) {
	content, _, err := loadConfig(file, adapter)
	if err != nil {
		return nil, err
	}
	config := new(caddy.Config)
	if content, err = withoutHealthChecks(caddy.RemoveMetaFields(content)); err == nil {
		err = caddy.StrictUnmarshalJSON(content, config)
	}
	if err != nil {
		return nil, fmt.Errorf("%s is no configuration: %w", plain(file), err)
	}
	config.Logging = &caddy.Logging{Logs: map[string]*caddy.CustomLog{
		caddy.DefaultLoggerName: {BaseLog: caddy.BaseLog{WriterRaw: json.RawMessage(`{"output":"discard"}`)}},
	}}
	folder, err := os.MkdirTemp("", "mgw-")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(folder) }()
	var storage struct{ Module string }
	if config.StorageRaw == nil || json.Unmarshal(config.StorageRaw, &storage) == nil && storage.Module == "file_system" {
		if config.StorageRaw, err = json.Marshal(map[string]string{"module": "file_system", "root": folder}); err != nil {
			return nil, err
		}
	}
	_, original, _ := caddy.BufferedLog() // of what is said before the logs are gone
	ctx, err := caddy.ProvisionContext(config)
	defer caddy.UnbufferDefaultLogger(original)
	if err != nil {
		return nil, err
	}
	app, err := ctx.AppIfConfigured("mgw")
	if err != nil {
		return nil, fmt.Errorf("nothing in %s uses the gateway", plain(file))
	}
	return app.(*mgw.App), nil
}

// withoutHealthChecks takes out what reverse_proxy would begin with at once.
func withoutHealthChecks(config []byte) ([]byte, error) {
	d := json.NewDecoder(bytes.NewReader(config))
	d.UseNumber()
	var all any
	if err := d.Decode(&all); err != nil {
		return nil, err
	}
	var visit func(any)
	visit = func(v any) {
		switch v := v.(type) {
		case []any:
			for _, item := range v {
				visit(item)
			}
		case map[string]any:
			if checks, ok := v["health_checks"].(map[string]any); ok && v["handler"] == "reverse_proxy" {
				delete(checks, "active")
			}
			for _, member := range v {
				visit(member)
			}
		}
	}
	visit(all)
	return json.Marshal(all)
}
