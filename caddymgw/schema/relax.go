package schema

import "iter"

// looseMark is on schemas that let more pass than those of the document.
const looseMark = "x-mgw-loose"

func loose(s map[string]any) map[string]any {
	s[looseMark] = true
	nullIfAny(s)
	return s
}

// relax lets what is left out make nothing fail: an alternative that lets more
// pass than it should can be one too many for oneOf, and negated it lets less.
func relax(units []*unit) {
	r := relaxer{byRef: map[string]*unit{}, usedBy: map[*unit][]*unit{}, loose: map[*unit]bool{}}
	for _, u := range units {
		r.byRef[refPrefix+u.name] = u
	}
	var queue []*unit
	for _, u := range units {
		if r.survey(u, u.schema) {
			queue = append(queue, u)
		}
	}
	for len(queue) > 0 {
		u := queue[0]
		queue = queue[1:]
		if r.loose[u] {
			continue
		}
		r.loose[u] = true
		queue = append(queue, r.usedBy[u]...)
	}
	if len(r.loose) == 0 {
		return
	}
	for _, u := range units {
		r.relax(u.schema)
	}
}

type relaxer struct {
	byRef  map[string]*unit
	usedBy map[*unit][]*unit
	loose  map[*unit]bool
}

// survey notes what a unit refers to, and reports whether a mark is in it.
func (r *relaxer) survey(u *unit, x any) bool {
	s, ok := x.(map[string]any)
	if !ok {
		return false
	}
	if ref, ok := s["$ref"].(string); ok {
		if to := r.byRef[ref]; to != nil {
			r.usedBy[to] = append(r.usedBy[to], u)
		}
	}
	marked := s[looseMark] == true
	for _, child := range children(s) {
		marked = r.survey(u, child) || marked
	}
	return marked
}

// relax changes what a loose schema would turn against the message, and reports
// whether x is loose.
func (r *relaxer) relax(x any) bool {
	s, ok := x.(map[string]any)
	if !ok {
		return false
	}
	ref, _ := s["$ref"].(string)
	found := s[looseMark] == true || r.loose[r.byRef[ref]]
	in := map[string]bool{}
	for keyword, child := range children(s) {
		if r.relax(child) {
			in[keyword], found = true, true
		}
	}
	if found {
		loosen(s, in)
	}
	return found
}

func loosen(s map[string]any, in map[string]bool) {
	if in["not"] {
		delete(s, "not")
	}
	if in["if"] {
		delete(s, "if")
		delete(s, "then")
		delete(s, "else")
	}
	if in["contains"] {
		delete(s, "maxContains")
	}
	delete(s, "unevaluatedItems")
	delete(s, "unevaluatedProperties")
	if !in["oneOf"] && !in["anyOf"] && s[looseMark] != true {
		return
	}
	delete(s, "discriminator")
	if one, ok := s["oneOf"]; ok {
		delete(s, "oneOf")
		all, _ := s["allOf"].([]any)
		s["allOf"] = append(all, map[string]any{"anyOf": one})
	}
}

// children goes through the schemas that stand in the keywords of one.
func children(s map[string]any) iter.Seq2[string, any] {
	return func(yield func(string, any) bool) {
		for keyword, x := range s {
			k, known := keywords[keyword]
			if !known {
				continue
			}
			switch k.holds {
			case aSchema:
				if !yield(keyword, x) {
					return
				}
			case aList:
				list, _ := x.([]any)
				for _, child := range list {
					if !yield(keyword, child) {
						return
					}
				}
			case aMap:
				object, _ := x.(map[string]any)
				for _, child := range object {
					if !yield(keyword, child) {
						return
					}
				}
			}
		}
	}
}
