#include "replay/codec.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>

#include "birdlang/birdlang.hpp"
#include "replay/describe.hpp"
#include "replay/fields.hpp"
#include "trace/checksum.hpp"

namespace catflap::replay {
namespace {

constexpr std::uint8_t kFamily4 = 4;
constexpr std::uint8_t kFamily6 = 6;
/// No list of an event or action comes near it.
constexpr std::uint64_t kListMax = std::uint64_t{1} << 24U;

/// Starts the text of a configuration in dialect 1.6; the family and the name of the host follow.
constexpr std::string_view kBird1 = "# BIRD 1.6 ipv";

std::string text_of(const intent::RouterIntent& router) {
  std::string text = birdlang::print(router, router.dialect);
  return router.dialect == intent::Dialect::bird2
             ? text
             : std::string(kBird1) + (router.family == net::Family::ipv4 ? '4' : '6') + " " +
                   router.hostname + "\n" + text;
}

/// How to read what text_of() gave.
birdlang::ParseOptions options_of(std::string_view text) {
  birdlang::ParseOptions options;
  if (text.substr(0, kBird1.size()) == kBird1) {
    const std::string_view line = text.substr(kBird1.size(), text.find('\n') - kBird1.size());
    options.dialect = intent::Dialect::bird1;
    options.family = line.substr(0, 1) == "6" ? net::Family::ipv6 : net::Family::ipv4;
    options.hostname = line.substr(std::min<std::size_t>(line.size(), 2));
  }
  return options;
}

/// Appends values one after the other.
class Encoder {
 public:
  static constexpr bool kReads = false;
  explicit Encoder(ByteSink& out) : out_(out) {}

  template <class... T>
  void operator()(T&... values) {
    (put(values), ...);
  }

 private:
  void varint(std::uint64_t value) {
    for (; value >= 0x80U; value >>= 7U) {
      out_.u8(static_cast<std::uint8_t>(value | 0x80U));
    }
    out_.u8(static_cast<std::uint8_t>(value));
  }
  void put(bool value) { out_.u8(value ? 1 : 0); }
  template <class T>
  requires(std::is_integral_v<T> && !std::is_same_v<T, bool>) void put(T value) {
    if constexpr (std::is_signed_v<T>) {
      const auto wide = static_cast<std::int64_t>(value);
      varint(static_cast<std::uint64_t>(wide) << 1U ^ static_cast<std::uint64_t>(wide >> 63U));
    } else {
      varint(value);
    }
  }
  template <class T>
  requires std::is_enum_v<T>
  void put(T value) { varint(static_cast<std::uint64_t>(value)); }
  void put(const std::string& text) {
    varint(text.size());
    out_.bytes(as_bytes(text));
  }
  void put(const Bytes& bytes) {
    varint(bytes.size());
    out_.bytes(bytes);
  }
  void put(const std::shared_ptr<const Bytes>& bytes) {
    const BytesView view = bytes == nullptr ? BytesView() : BytesView(*bytes);
    varint(view.size());
    out_.u64(trace::hash64(view));
  }
  void put(const std::shared_ptr<const intent::RouterIntent>& intent) {
    put(intent == nullptr ? std::string() : text_of(*intent));
  }
  void put(const net::IpAddr& addr) {
    out_.u8(addr.is_v6() ? kFamily6 : kFamily4);
    addr.append_to(out_);
  }
  void put(const net::Prefix& prefix) {
    put(prefix.addr());
    out_.u8(prefix.length());
  }
  template <class T>
  void put(const std::optional<T>& value) {
    put(value.has_value());
    if (value) {
      put(*value);
    }
  }
  template <class T>
  void put(const std::vector<T>& list) {
    varint(list.size());
    for (const T& each : list) {
      put(each);
    }
  }
  template <class T>
  requires std::is_class_v<T>
  void put(const T& value) {
    fields(const_cast<T&>(value), *this);  // which only reads
  }

  ByteSink& out_;
};

/// Takes values one after the other; remembers that something was wrong.
class Decoder {
 public:
  static constexpr bool kReads = true;
  explicit Decoder(ByteReader& in) : in_(in) {}

  template <class... T>
  void operator()(T&... values) {
    (get(values), ...);
  }
  bool ok() const { return ok_; }
  const Error& error() const { return error_; }

 private:
  void bad(std::string what) {
    if (std::exchange(ok_, false)) {
      error_ = Error{Errc::invalid, std::move(what)};
    }
  }
  std::uint64_t varint() {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      const auto octet = in_.u8();
      if (!octet) {
        break;
      }
      value |= std::uint64_t{*octet & 0x7FU} << shift;
      if ((*octet & 0x80U) == 0) {
        return value;
      }
    }
    bad("a number is cut off");
    return 0;
  }
  std::uint64_t count(std::uint64_t octets_each) {
    const std::uint64_t value = varint();
    if (value > kListMax * 16 || value * octets_each > in_.remaining()) {
      bad("a list is cut off");
      return 0;
    }
    return value;
  }
  void get(bool& value) {
    const auto octet = in_.u8();
    if (!octet || *octet > 1) {
      bad("a boolean is neither 0 nor 1");
    }
    value = octet.value_or(0) == 1;
  }
  template <class T>
  requires(std::is_integral_v<T> && !std::is_same_v<T, bool>) void get(T& value) {
    const std::uint64_t raw = varint();
    if constexpr (std::is_signed_v<T>) {
      const auto wide = static_cast<std::int64_t>(raw >> 1U ^ (~(raw & 1U) + 1U));
      if (wide < std::numeric_limits<T>::min() || wide > std::numeric_limits<T>::max()) {
        bad("a number is too large");
      }
      value = static_cast<T>(wide);
    } else {
      if (raw > std::numeric_limits<T>::max()) {
        bad("a number is too large");
      }
      value = static_cast<T>(raw);
    }
  }
  template <class T>
  requires std::is_enum_v<T>
  void get(T& value) {
    const std::uint64_t raw = varint();
    if (raw > last_of(value)) {
      bad("an enumeration has no value " + std::to_string(raw));
      return;
    }
    value = static_cast<T>(raw);
  }
  static std::uint64_t last_of(observe::RouteType) {
    return static_cast<std::uint64_t>(observe::RouteType::prohibit);
  }
  static std::uint64_t last_of(bgp::ev::Admin::Verb) {
    return static_cast<std::uint64_t>(bgp::ev::Admin::Verb::reload_out);
  }
  static std::uint64_t last_of(observe::ProtocolKind) {
    return static_cast<std::uint64_t>(observe::ProtocolKind::other);
  }
  static std::uint64_t last_of(observe::ProtocolState) {
    return static_cast<std::uint64_t>(observe::ProtocolState::flush);
  }
  static std::uint64_t last_of(observe::SessionState) {
    return static_cast<std::uint64_t>(observe::SessionState::close);
  }
  static std::uint64_t last_of(bgp::act::NoteLevel) {
    return static_cast<std::uint64_t>(bgp::act::NoteLevel::error);
  }
  static std::uint64_t last_of(net::Family) { return static_cast<std::uint64_t>(net::Family::ipv6); }
  BytesView octets() { return in_.take(count(1)).value_or(BytesView()); }
  void get(std::string& text) { text = as_text(octets()); }
  void get(Bytes& bytes) {
    const BytesView view = octets();
    bytes.assign(view.begin(), view.end());
  }
  void get(std::shared_ptr<const Bytes>&) {
    sent_octets = varint();
    sent_hash = in_.u64().value_or(0);
  }
  void get(std::shared_ptr<const intent::RouterIntent>& intent) {
    const std::string text(as_text(octets()));
    if (!ok_) {
      return;
    }
    auto parsed = birdlang::parse(text, "configuration", options_of(text));
    if (!parsed) {
      bad("the recorded configuration cannot be read: " + to_string(parsed.error()));
      return;
    }
    intent = std::make_shared<const intent::RouterIntent>(std::move(*parsed));
  }
  void get(net::IpAddr& addr) {
    const auto family = in_.u8();
    const auto bytes = in_.take(family == kFamily6 ? 16 : 4);
    if (!bytes || (family != kFamily4 && family != kFamily6)) {
      return bad("an address is cut off");
    }
    addr = *net::IpAddr::from_octets(*bytes);
  }
  void get(net::Prefix& prefix) {
    net::IpAddr addr;
    get(addr);
    const auto length = in_.u8();
    if (!length || *length > net::address_bits(addr.family())) {
      return bad("a prefix is cut off or too long");
    }
    prefix = net::Prefix(addr, *length);
  }
  template <class T>
  void get(std::optional<T>& value) {
    bool there = false;
    get(there);
    value.reset();
    if (there && ok_) {
      T inner{};
      get(inner);
      value = std::move(inner);
    }
  }
  template <class T>
  void get(std::vector<T>& list) {
    const std::uint64_t size = count(1);
    for (std::uint64_t i = 0; i < size && ok_; ++i) {
      T each{};
      get(each);
      list.push_back(std::move(each));
    }
  }
  template <class T>
  requires std::is_class_v<T>
  void get(T& value) { fields(value, *this); }

 public:
  std::uint64_t sent_octets = 0;  ///< of a TcpSend
  std::uint64_t sent_hash = 0;

 private:
  ByteReader& in_;
  bool ok_ = true;
  Error error_;
};

/// For decoding into.
template <class T>
T blank() {
  if constexpr (std::is_same_v<T, bgp::act::KernelRoute>) {
    return T(bgp::KernelRouteSpec(), false);
  } else {
    return T();
  }
}

/// Reads the alternative of a variant that `kind` names.
template <class Variant, std::size_t I = 0>
bool decode_alternative(std::size_t kind, Decoder& decoder, Variant& out) {
  if constexpr (I < std::variant_size_v<Variant>) {
    if (kind == I) {
      auto value = blank<std::variant_alternative_t<I, Variant>>();
      fields(value, decoder);
      out = std::move(value);
      return true;
    }
    return decode_alternative<Variant, I + 1>(kind, decoder, out);
  } else {
    return false;
  }
}

template <class Variant>
void encode_variant(const Variant& value, ByteSink& out) {
  out.u8(static_cast<std::uint8_t>(value.index()));
  std::visit(
      [&](const auto& each) {
        fields(const_cast<std::remove_cvref_t<decltype(each)>&>(each), Encoder(out));  // which only reads
      },
      value);
}

template <class Variant>
Status decode_variant(ByteReader& reader, Decoder& decoder, Variant& out, const char* what) {
  const auto kind = reader.u8();
  if (!kind || !decode_alternative(*kind, decoder, out)) {
    return fail(Errc::invalid, std::string("unknown kind of ") + what);
  }
  if (!decoder.ok()) {
    return fail(decoder.error());
  }
  return {};
}

}  // namespace

void encode(const bgp::Event& event, ByteSink& out) {
  encode_variant(event, out);
}

Result<bgp::Event> decode_event(ByteReader& reader) {
  bgp::Event event;
  Decoder decoder(reader);
  if (auto done = decode_variant(reader, decoder, event, "event"); !done) {
    return fail(std::move(done.error()));
  }
  return event;
}

bool is_recorded(const bgp::Action& action) {
  using namespace bgp;
  return !std::holds_alternative<act::Note>(action) && !std::holds_alternative<act::RouteChanged>(action) &&
         !std::holds_alternative<act::MrtMessage>(action) && !std::holds_alternative<act::MrtState>(action);
}

void encode(const bgp::Action& action, ByteSink& out) {
  encode_variant(action, out);
}

Result<std::string> describe_action(ByteReader& reader) {
  bgp::Action action;
  Decoder decoder(reader);
  if (auto done = decode_variant(reader, decoder, action, "action"); !done) {
    return fail(std::move(done.error()));
  }
  return describe(action, decoder.sent_octets, decoder.sent_hash);
}

}  // namespace catflap::replay
