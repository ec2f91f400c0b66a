#include "bgp/speaker/bgp_outbox.hpp"

#include <algorithm>
#include <utility>

namespace catflap::bgp::internal {

namespace {

/// About as many prefixes as one message holds; to look at more would be for nothing.
std::size_t batch_size(const wire::EncodeContext& context) {
  return context.extended_message ? 16384 : 1100;
}

}  // namespace

Outbox::Entry* Outbox::entry(const net::Prefix& prefix, std::uint32_t path_id) {
  std::vector<Entry>* entries = sent_.find(prefix);
  if (entries == nullptr) {
    return nullptr;
  }
  const auto it =
      std::find_if(entries->begin(), entries->end(), [&](const Entry& e) { return e.path_id == path_id; });
  return it == entries->end() ? nullptr : &*it;
}

const rib::AttrRef* Outbox::find(const net::Prefix& prefix, std::uint32_t path_id) const {
  const Entry* found = entry(prefix, path_id);
  return found == nullptr ? nullptr : &found->attrs;
}

std::vector<std::uint32_t> Outbox::path_ids(const net::Prefix& prefix) const {
  std::vector<std::uint32_t> ids;
  const std::vector<Entry>* entries = sent_.find(prefix);
  if (entries != nullptr) {
    for (const Entry& known : *entries) {
      ids.push_back(known.path_id);
    }
  }
  return ids;
}

void Outbox::propose(const wire::Nlri& nlri, const rib::AttrRef& attrs) {
  Bucket& bucket = buckets_[attrs.serial()];
  bucket.attrs = attrs;
  bucket.nlri.push_back(nlri);
}

bool Outbox::announce(const wire::Nlri& nlri, const rib::AttrRef& attrs) {
  Entry* known = entry(nlri.prefix, nlri.path_id);
  if (known != nullptr && known->attrs == attrs) {
    return false;
  }
  if (known == nullptr) {
    std::vector<Entry>& entries = sent_.get_or_create(nlri.prefix);
    entries.push_back({nlri.path_id, {}, false});
    known = &entries.back();
    ++size_;
  }
  known->attrs = attrs;
  known->pending = true;
  propose(nlri, attrs);
  return true;
}

bool Outbox::withdraw(const wire::Nlri& nlri) {
  std::vector<Entry>* entries = sent_.find(nlri.prefix);
  if (entries == nullptr) {
    return false;
  }
  const auto it = std::find_if(entries->begin(), entries->end(),
                               [&](const Entry& e) { return e.path_id == nlri.path_id; });
  if (it == entries->end()) {
    return false;
  }
  entries->erase(it);
  --size_;
  if (entries->empty()) {
    sent_.erase(nlri.prefix);
  }
  withdrawn_.insert(nlri);
  return true;
}

void Outbox::resend_all() {
  std::vector<net::Prefix> prefixes;
  sent_.for_each([&](const net::Prefix& prefix, const std::vector<Entry>&) { prefixes.push_back(prefix); });
  for (const net::Prefix& prefix : prefixes) {
    for (Entry& known : *sent_.find(prefix)) {
      if (!known.pending) {
        known.pending = true;
        propose({prefix, known.path_id}, known.attrs);
      }
    }
  }
}

void Outbox::clear() {
  *this = Outbox{};
}

bool Outbox::next_withdrawal(wire::AfiSafi family, const wire::EncodeContext& context, ByteSink& out) {
  const std::size_t most = batch_size(context);
  std::vector<wire::Nlri> batch;
  for (auto it = withdrawn_.begin(); it != withdrawn_.end() && batch.size() < most;) {
    if (entry(it->prefix, it->path_id) != nullptr) {
      it = withdrawn_.erase(it);  // announced again meanwhile: the announcement replaces
    } else {
      batch.push_back(*it++);
    }
  }
  if (batch.empty()) {
    return false;
  }
  const std::size_t sent = std::max<std::size_t>(1, wire::encode_withdraw(family, batch, context, out));
  for (std::size_t i = 0; i < sent && i < batch.size(); ++i) {
    withdrawn_.erase(batch[i]);
  }
  return true;
}

bool Outbox::next_message(wire::AfiSafi family, const wire::EncodeContext& context, ByteSink& out,
                          std::vector<wire::Nlri>* refused) {
  if (!withdrawn_.empty() && next_withdrawal(family, context, out)) {
    return true;
  }
  while (!buckets_.empty()) {
    Bucket& bucket = buckets_.begin()->second;
    // From the back on, so that taking off is cheap; what is no longer so is dropped here.
    const std::size_t most = batch_size(context);
    std::vector<wire::Nlri> batch;
    while (!bucket.nlri.empty() && batch.size() < most) {
      const wire::Nlri nlri = bucket.nlri.back();
      bucket.nlri.pop_back();
      const Entry* known = entry(nlri.prefix, nlri.path_id);
      if (known != nullptr && known->pending && known->attrs == bucket.attrs) {
        batch.push_back(nlri);
      }
    }
    std::sort(batch.begin(), batch.end());
    batch.erase(std::unique(batch.begin(), batch.end()), batch.end());
    const std::size_t sent =
        batch.empty() ? 0 : wire::encode_announce(bucket.attrs->bgp, family, batch, context, out);
    if (sent == 0) {
      for (const wire::Nlri& nlri : batch) {
        entry(nlri.prefix, nlri.path_id)->pending = false;
        refused->push_back(nlri);
      }
    }
    for (std::size_t i = 0; i < sent; ++i) {
      entry(batch[i].prefix, batch[i].path_id)->pending = false;
      withdrawn_.erase(batch[i]);
    }
    if (sent > 0) {
      bucket.nlri.insert(bucket.nlri.end(), batch.rbegin(), batch.rend() - static_cast<std::ptrdiff_t>(sent));
    }
    if (bucket.nlri.empty()) {
      buckets_.erase(buckets_.begin());
    }
    if (sent > 0) {
      return true;
    }
  }
  return false;
}

}  // namespace catflap::bgp::internal
