package fault

import "net/http"

// Code is the number of a fault, as in {"fault":{"code":900901,...}}. Codes of
// six digits are WSO2's; the others equal the HTTP status.
type Code int

// The codes that the gateway answers with.
const (
	BadRequest           Code = 400
	Forbidden            Code = 403
	NotFound             Code = 404
	MethodNotAllowed     Code = 405
	Conflict             Code = 409
	ContentTooLarge      Code = 413
	UnsupportedMediaType Code = 415
	TooManyRequests      Code = 429
	Unclassified         Code = 900900 // a key source, issuer or ledger is not ready
	InvalidCredentials   Code = 900901 // malformed, forged, expired, revoked, ambiguous, for another API
	MissingCredentials   Code = 900902
	AccessDenied         Code = 900910 // valid, but a right is missing
	WrongPassword        Code = 900911
	MalformedBasic       Code = 900912
	SchemeNotAccepted    Code = 900917 // an Authorization of a kind that the operation does not take
)

type text struct {
	status               int
	message, description string
}

// The messages and descriptions are the words WSO2's clients know, compared
// literally by some of them.
var texts = map[Code]text{
	BadRequest:           {http.StatusBadRequest, "Bad Request", "The request could not be understood. Check its path, query and body"},
	Forbidden:            {http.StatusForbidden, "Forbidden", "The request is not allowed from where it comes"},
	NotFound:             {http.StatusNotFound, "Not Found", "No matching resource found for given API Request"},
	MethodNotAllowed:     {http.StatusMethodNotAllowed, "Method Not Allowed", "Method not allowed for given API resource"},
	Conflict:             {http.StatusConflict, "Conflict", "The key has a successor already, or has ended"},
	TooManyRequests:      {http.StatusTooManyRequests, "Too Many Requests", "Too many logins have failed. Try again later"},
	ContentTooLarge:      {http.StatusRequestEntityTooLarge, "Content Too Large", "The request body is larger than allowed here"},
	UnsupportedMediaType: {http.StatusUnsupportedMediaType, "Unsupported Media Type", "The request body must be application/json"},
	Unclassified: {
		http.StatusServiceUnavailable, "Unclassified Authentication Failure",
		"Unclassified Authentication Failure. The gateway cannot verify credentials right now",
	},
	InvalidCredentials: {
		http.StatusUnauthorized, "Invalid Credentials",
		"Invalid Credentials. Make sure you have given the correct access token",
	},
	MissingCredentials: {
		http.StatusUnauthorized, "Missing Credentials",
		"Missing Credentials. Make sure your API request provides required credentials",
	},
	AccessDenied: {
		http.StatusForbidden, "The access token does not allow you to access the requested resource",
		"The access token does not allow you to access the requested resource",
	},
	WrongPassword: {
		http.StatusUnauthorized, "Invalid Credentials",
		"Invalid Credentials. Make sure you have given the correct username and password",
	},
	MalformedBasic: {
		http.StatusUnauthorized, "Invalid Format",
		`Invalid Format. Make sure you have given the credentials in correct format with ":" character`,
	},
	SchemeNotAccepted: {
		http.StatusUnauthorized, "Invalid Authentication scheme",
		"Invalid Authentication scheme. API can not be used with this authentication scheme",
	},
}

// Status returns the HTTP status that goes with the code; 500 for a code that
// is not one of ours.
func (c Code) Status() int {
	if t, ok := texts[c]; ok {
		return t.status
	}
	return http.StatusInternalServerError
}

// Message returns the short text of the code.
func (c Code) Message() string { return texts[c].message }

// Description returns the text that tells the client what to do.
func (c Code) Description() string { return texts[c].description }
