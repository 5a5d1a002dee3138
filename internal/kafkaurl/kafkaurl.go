// Package kafkaurl takes addresses of topics apart, for sources and sinks alike.
package kafkaurl

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
)

// An Address is what "kafka://user@host:9092,host:9092/topic,topic?sasl=PLAIN&tls=1" says.
type Address struct {
	Brokers        []string // host:port; the port is 9092 where there is none
	Topics         []string
	TLS            *tls.Config // nil is none
	Mechanism      string      // of SASL; "" is none
	User, Password string
	Options        url.Values // the others
}

// PasswordVariable is the environment variable that holds the password where the address has a user without one, as it
// should, since others can see it there.
const PasswordVariable = "PAIRSTREAM_KAFKA_PASSWORD"

// security are the options that every address of a topic may have: sasl=PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512; tls=1;
// ca=FILE of the authorities to trust in place of the system's; cert=FILE and key=FILE of the client's certificate. The
// last three imply tls=1. They are PEM files.
var security = []string{"sasl", "tls", "ca", "cert", "key"}

// Security returns the options of security.
func Security() []string { return slices.Clone(security) }

// Parse takes an address apart, which may have options besides those of security.
func Parse(u *url.URL, options ...string) (Address, error) {
	values, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return Address{}, err
	}
	known := slices.Concat(options, security)
	for option := range values {
		if !slices.Contains(known, option) {
			return Address{}, fmt.Errorf("kafka has no option %q: it has %s", option, strings.Join(known, ", "))
		}
	}
	a := Address{Mechanism: strings.ToUpper(values.Get("sasl")), Options: values}
	for broker := range strings.SplitSeq(u.Host, ",") {
		if broker == "" {
			return Address{}, fmt.Errorf("no broker in %q: kafka://host:9092/topic", u.Redacted())
		}
		if at := strings.LastIndexByte(broker, ':'); at < 0 || strings.HasSuffix(broker, "]") {
			broker += ":9092"
		}
		a.Brokers = append(a.Brokers, broker)
	}
	for topic := range strings.SplitSeq(strings.Trim(u.Path, "/"), ",") {
		if topic == "" || strings.Contains(topic, "/") {
			return Address{}, fmt.Errorf("no topic in %q: kafka://host:9092/topic", u.Redacted())
		}
		a.Topics = append(a.Topics, topic)
	}
	if u.User != nil {
		var given bool
		a.User = u.User.Username()
		if a.Password, given = u.User.Password(); !given {
			a.Password = os.Getenv(PasswordVariable)
		}
	}
	if a.User != "" && a.Mechanism == "" {
		return Address{}, fmt.Errorf("a user needs sasl=PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512")
	}
	a.TLS, err = tlsOf(values)
	return a, err
}

// tlsOf returns the configuration of TLS, nil where there is none.
func tlsOf(values url.Values) (*tls.Config, error) {
	wanted := values.Has("ca") || values.Has("cert") || values.Has("key")
	if text := values.Get("tls"); text != "" {
		on, err := strconv.ParseBool(text)
		if err != nil {
			return nil, fmt.Errorf("tls=%s is neither 1 nor 0", text)
		}
		if !on && wanted {
			return nil, fmt.Errorf("certificates without tls")
		}
		wanted = on
	}
	if !wanted {
		return nil, nil
	}
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	if path := values.Get("ca"); path != "" {
		pem, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		config.RootCAs = x509.NewCertPool()
		if !config.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("ca=%s holds no certificate", path)
		}
	}
	if cert, key := values.Get("cert"), values.Get("key"); cert != "" || key != "" {
		pair, err := tls.LoadX509KeyPair(cert, key)
		if err != nil {
			return nil, fmt.Errorf("cert=%s, key=%s: %w", cert, key, err)
		}
		config.Certificates = []tls.Certificate{pair}
	}
	return config, nil
}

// Bytes returns an option that is a number of bytes; 0 where it is not given.
func (a Address) Bytes(option string) (int, error) {
	text := a.Options.Get(option)
	if text == "" {
		return 0, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		return 0, fmt.Errorf("%s=%s is not a number of bytes", option, text)
	}
	return n, nil
}
