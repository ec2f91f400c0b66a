#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <vector>

#include "bgp/rib/attr_pool.hpp"
#include "bgp/wire/codec.hpp"
#include "net/prefix_map.hpp"

namespace catflap::bgp::internal {

/// What a peer has of us in one family (Adj-RIB-Out), and what it must still be told, grouped by attributes
/// so that an UPDATE is full (RFC 4271 §4.3; BIRD's buckets).
///
/// Invariant: a prefix that changes again before it was sent goes out once, as it is last: buckets are only
/// proposals, and what is sent is checked against the Adj-RIB-Out. Nothing in here depends on the peer but
/// the state, so that peers with the same export rules can come to share one.
class Outbox {
 public:
  /// Sets what the peer shall have. False if it has, or will have, just that.
  bool announce(const wire::Nlri& nlri, const rib::AttrRef& attrs);
  /// False if the peer does not have it.
  bool withdraw(const wire::Nlri& nlri);
  /// The path ids that the peer has for a prefix.
  std::vector<std::uint32_t> path_ids(const net::Prefix& prefix) const;
  /// nullptr if it does not have it.
  const rib::AttrRef* find(const net::Prefix& prefix, std::uint32_t path_id) const;
  /// All again, as after ROUTE-REFRESH.
  void resend_all();
  void clear();
  std::size_t size() const { return size_; }
  bool pending() const { return !withdrawn_.empty() || !buckets_.empty(); }

  /// Appends the next UPDATE to `out`; false if nothing is pending. Withdrawals first. `refused` gets the
  /// prefixes that cannot be said to this peer.
  bool next_message(wire::AfiSafi family, const wire::EncodeContext& context, ByteSink& out,
                    std::vector<wire::Nlri>* refused);

  std::set<net::Prefix> dirty;  ///< changed in the table, not looked at yet
  bool feeding = false;         ///< the whole table is to be looked at
  bool end_of_rib_due = false;
  bool begin_refresh_due = false, end_refresh_due = false;

 private:
  struct Entry {
    std::uint32_t path_id = 0;
    rib::AttrRef attrs;
    bool pending = false;
  };
  struct Bucket {
    rib::AttrRef attrs;
    std::vector<wire::Nlri> nlri;
  };
  Entry* entry(const net::Prefix& prefix, std::uint32_t path_id);
  const Entry* entry(const net::Prefix& prefix, std::uint32_t path_id) const {
    return const_cast<Outbox*>(this)->entry(prefix, path_id);
  }
  void propose(const wire::Nlri& nlri, const rib::AttrRef& attrs);
  bool next_withdrawal(wire::AfiSafi family, const wire::EncodeContext& context, ByteSink& out);

  net::PrefixMap<std::vector<Entry>> sent_;
  std::size_t size_ = 0;
  std::set<wire::Nlri> withdrawn_;
  std::map<std::uint64_t, Bucket> buckets_;  ///< by serial of the attributes
};

}  // namespace catflap::bgp::internal
