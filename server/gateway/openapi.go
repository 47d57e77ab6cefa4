package gateway

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"go.yaml.in/yaml/v3"
)

// convertOpenAPI turns the generated document into JSON and says in it what the
// generator does not know: what the API is called, its version, and that it
// takes bearer tokens.
func convertOpenAPI(doc []byte, version string) ([]byte, error) {
	var root map[string]any
	if err := yaml.Unmarshal(doc, &root); err != nil {
		return nil, fmt.Errorf("OpenAPI document: %w", err)
	}
	paths, ok := root["paths"].(map[string]any)
	components, also := root["components"].(map[string]any)
	if !ok || !also {
		return nil, errors.New("OpenAPI document: it has no paths or no components")
	}
	root["info"] = map[string]any{
		"title": "Plumbline", "version": version,
		"description": "Takes inventories, scores them against versioned guidance checklists, and keeps the history.",
		"license":     map[string]any{"name": "Apache-2.0"},
	}
	root["paths"] = mendNames(paths)
	components["securitySchemes"] = map[string]any{"token": map[string]any{"type": "http", "scheme": "bearer"}}
	root["security"] = []any{map[string]any{"token": []any{}}, map[string]any{}}
	out, err := json.Marshal(root)
	if err != nil {
		return nil, fmt.Errorf("OpenAPI document: %w", err)
	}
	return append(out, '\n'), nil
}

// mendNames gives the parameter of a series its name. The generator makes
// singulars by cutting, and gets "sery".
func mendNames(paths map[string]any) map[string]any {
	out := map[string]any{}
	for path, item := range paths {
		out[strings.ReplaceAll(path, "{sery}", "{series}")] = item
		operations, _ := item.(map[string]any)
		for _, op := range operations {
			o, _ := op.(map[string]any)
			parameters, _ := o["parameters"].([]any)
			for _, p := range parameters {
				if p, ok := p.(map[string]any); ok && p["name"] == "sery" {
					p["name"] = "series"
				}
			}
		}
	}
	return out
}
