#include "certificates.hpp"

#include <fstream>
#include <stdexcept>

#include "sys/process.hpp"

namespace catflap::calico {

void Certificates::openssl(const std::vector<std::string>& arguments) const {
  sys::proc::Spawn spawn;
  spawn.program = "openssl";
  spawn.args = arguments;
  spawn.working_dir = folder_;
  const auto done = sys::proc::run(spawn);
  if (!done || !done->status.ok()) {
    throw std::runtime_error("openssl " + arguments.front() + ": " +
                             (done ? done->err : to_string(done.error())));
  }
}

void Certificates::make_ca(const std::string& name) const {
  openssl({"ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", name + ".key"});
  openssl({"req", "-x509", "-new", "-key", name + ".key", "-subj", "/CN=" + name, "-days", "2", "-out",
           name + ".pem"});
}

void Certificates::make(const Request& request) const {
  const std::string& name = request.name;
  openssl({"ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", name + ".key"});
  openssl({"req", "-new", "-key", name + ".key", "-subj", "/CN=" + name, "-out", name + ".csr"});
  std::ofstream(folder_ / (name + ".ext"))
      << "subjectAltName=" << request.alternative_names << "\nextendedKeyUsage=" << request.usage << "\n";
  openssl({"x509", "-req", "-in", name + ".csr", "-CA", request.ca + ".pem", "-CAkey", request.ca + ".key",
           "-CAcreateserial", "-days", std::to_string(request.days), "-extfile", name + ".ext", "-out",
           name + ".pem"});
}

}  // namespace catflap::calico
