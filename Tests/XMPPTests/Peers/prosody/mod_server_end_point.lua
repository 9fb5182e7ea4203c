-- Gives Prosody 0.12 the channel binding tls-server-end-point (RFC 5929 4) in place of tls-unique, and tells its kind
-- (XEP-0440). SCRAM itself stays Prosody's own; the certificate is hashed by OpenSSL.
local sasl = require "util.sasl";
local st = require "util.stanza";
local ssl = require "ssl";

local file = assert(io.open(module:get_option_string("certificates") .. "/server.crt"));
local certificate = assert(ssl.loadcertificate(file:read("*a")));
file:close();

local function from_hex(text) return (text:gsub("..", function(digits) return string.char(tonumber(digits, 16)); end)); end
local function end_point() return from_hex(certificate:digest("sha256")); end

require "util.sasl.scram".init(function(name, backends, mechanism, bindings)
	sasl.registerMechanism(name, backends, mechanism, bindings and { "tls-server-end-point" });
end);

local handlers = getmetatable(sasl.new(module.host, { plain = function() end })).__index;
local add = handlers.add_cb_handler;
function handlers:add_cb_handler()
	return add(self, "tls-server-end-point", end_point);
end

module:hook("stream-features", function(event)
	if event.origin.username or not event.origin.secure then return; end
	event.features:add_child(st.stanza("sasl-channel-binding", { xmlns = "urn:xmpp:sasl-cb:0" })
		:tag("channel-binding", { type = "tls-server-end-point" }));
end);
