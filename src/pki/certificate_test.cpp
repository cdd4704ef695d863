#include "pki/certificate.h"

#include <gtest/gtest.h>

#include "base/files.h"
#include "base/subprocess.h"

namespace slipway::pki {
namespace {

using base::ErrorCode;
using namespace std::chrono_literals;

base::WallTime now() {
  return base::SystemClock::instance().now();
}

KeyAndCertificate make_ca(std::string_view name = "slipway-ca", KeyType type = KeyType::kEcP256) {
  return create_ca({std::string(name), {}}, type, 24h, now()).value();
}

CertificateRequest client_request() {
  return {.subject = {"host:edge:h1", {"slipway:hosts"}}, .usage = Usage::kClient, .lifetime = 1h};
}

// Runs the openssl program, the second opinion on what we make; "" when it is content, its words otherwise.
std::string openssl(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), "openssl");
  const auto result = base::run_process({.argv = arguments});
  if (!result) return result.error().message();
  return result->exit_code == 0 ? "" : result->standard_output + result->standard_error;
}

class OpensslAgrees : public testing::TestWithParam<std::tuple<KeyType, Usage>> {};

TEST_P(OpensslAgrees, WithIssuedCertificates) {
  const auto [type, usage] = GetParam();
  const auto folder = base::TemporaryFolder::create().value();
  const KeyAndCertificate ca = make_ca("ca", type);
  CertificateRequest request = client_request();
  request.usage = usage;
  request.dns_names = {"c1.edge.clusters.slipway.internal"};
  request.ip_addresses = {"127.0.0.1", "fd00::1"};
  const auto leaf = issue(ca, request, type, now());
  ASSERT_TRUE(leaf) << leaf.error().message();
  const auto write = [&](const char* name, const std::string& text) {
    ASSERT_TRUE(base::write_file_atomically(folder.path() / name, text, 0600));
  };
  write("ca.pem", ca.certificate_pem);
  write("leaf.pem", leaf->certificate_pem);
  write("leaf.key", leaf->key_pem);
  const std::string ca_path = folder.path() / "ca.pem";
  const std::string leaf_path = folder.path() / "leaf.pem";
  const auto verify = [&](const char* purpose) {
    return openssl({"verify", "-x509_strict", "-purpose", purpose, "-CAfile", ca_path, leaf_path});
  };
  EXPECT_EQ(verify("sslserver") == "", usage != Usage::kClient) << verify("sslserver");
  EXPECT_EQ(verify("sslclient") == "", usage != Usage::kServer) << verify("sslclient");
  EXPECT_EQ(openssl({"verify", "-x509_strict", "-CAfile", ca_path, "-verify_ip", "fd00::1", leaf_path}), "");
  EXPECT_EQ(openssl({"verify", "-CAfile", ca_path, "-verify_hostname", request.dns_names[0], leaf_path}), "");
  EXPECT_NE(openssl({"verify", "-CAfile", ca_path, "-verify_hostname", "other.example", leaf_path}), "");
  EXPECT_EQ(openssl({"pkey", "-in", folder.path() / "leaf.key", "-noout", "-check"}), "");
  EXPECT_TRUE(check_pair(*leaf));
}

INSTANTIATE_TEST_SUITE_P(All, OpensslAgrees,
                         testing::Combine(testing::Values(KeyType::kEcP256, KeyType::kRsa2048),
                                          testing::Values(Usage::kServer, Usage::kClient, Usage::kServerAndClient)));

TEST(Certificate, SaysWhatWasAskedFor) {
  const KeyAndCertificate ca = make_ca();
  CertificateRequest request = client_request();
  request.subject.organizations = {"a", "b"};
  request.dns_names = {"x.example"};
  request.ip_addresses = {"10.1.2.3"};
  const auto leaf = issue(ca, request, KeyType::kEcP256, now()).value();
  const CertificateInfo info = read_certificate(leaf.certificate_pem).value();
  EXPECT_EQ(info.subject.common_name, "host:edge:h1");
  EXPECT_EQ(info.subject.organizations, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(info.dns_names, request.dns_names);
  EXPECT_EQ(info.ip_addresses, request.ip_addresses);
  EXPECT_FALSE(info.is_ca);
  EXPECT_EQ(info.sha256_fingerprint.size(), 64u);
  EXPECT_LT(info.not_before, now());
  EXPECT_NEAR(std::chrono::duration<double>(info.not_after - now()).count(), 3600, 30);
  EXPECT_TRUE(read_certificate(ca.certificate_pem).value().is_ca);
}

TEST(Certificate, SerialsDiffer) {
  const KeyAndCertificate ca = make_ca();
  const auto one = issue(ca, client_request(), KeyType::kEcP256, now()).value();
  const auto two = issue(ca, client_request(), KeyType::kEcP256, now()).value();
  EXPECT_NE(read_certificate(one.certificate_pem)->serial, read_certificate(two.certificate_pem)->serial);
}

TEST(Certificate, CaWithForeignKeyCannotIssue) {
  const KeyAndCertificate mixed{make_ca("a").certificate_pem, make_ca("b").key_pem};
  const auto leaf = issue(mixed, client_request(), KeyType::kEcP256, now());
  ASSERT_FALSE(leaf);
  EXPECT_EQ(leaf.error().code(), ErrorCode::kInvalid);
}

TEST(Certificate, NamesThatSmuggleAreRefused) {
  const KeyAndCertificate ca = make_ca();
  for (const std::string name : {"", "a.example,DNS:b.example", "a b", "a\nb"}) {
    CertificateRequest request = client_request();
    request.dns_names = {name};
    EXPECT_FALSE(issue(ca, request, KeyType::kEcP256, now())) << name;
  }
  CertificateRequest request = client_request();
  request.ip_addresses = {"10.0.0.300"};
  EXPECT_FALSE(issue(ca, request, KeyType::kEcP256, now()));
}

TEST(Pair, WrongOneIsRefusedWithoutTheKeyInTheMessage) {
  const KeyAndCertificate a = make_ca("a");
  const KeyAndCertificate b = make_ca("b");
  const auto status = check_pair({a.certificate_pem, b.key_pem});
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code(), ErrorCode::kInvalid);
  EXPECT_EQ(status.error().message().find(b.key_pem.substr(40, 20)), std::string::npos);
}

TEST(Csr, SignerDecidesEverythingButTheKey) {
  const KeyAndCertificate ca = make_ca();
  const std::string key = generate_key(KeyType::kEcP256).value();
  const std::string csr = create_csr(key, {"admin", {"system:masters"}}).value();
  const auto certificate = sign_csr(ca, csr, client_request(), now());
  ASSERT_TRUE(certificate) << certificate.error().message();
  const CertificateInfo info = read_certificate(*certificate).value();
  EXPECT_EQ(info.subject.common_name, "host:edge:h1");
  EXPECT_EQ(info.subject.organizations, std::vector<std::string>{"slipway:hosts"});
  EXPECT_EQ(info.public_key_sha256_fingerprint, csr_public_key_fingerprint(csr).value());
  EXPECT_TRUE(check_pair({*certificate, key}));
}

TEST(Csr, BadSignatureIsRefused) {
  // The same request with the key's owner changed after signing: the last base64 line holds the signature.
  const std::string csr = create_csr(generate_key(KeyType::kEcP256).value(), {"h", {}}).value();
  std::string broken = csr;
  const std::size_t end = broken.find("\n-----END");
  std::size_t at = end - 8;
  broken[at] = broken[at] == 'A' ? 'B' : 'A';
  const auto result = sign_csr(make_ca(), broken, client_request(), now());
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code(), ErrorCode::kInvalid);
}

TEST(Csr, WeakKeyIsRefused) {
  const auto folder = base::TemporaryFolder::create().value();
  const std::string path = folder.path() / "weak.csr";
  ASSERT_EQ(openssl({"req", "-new", "-newkey", "rsa:1024", "-nodes", "-keyout", folder.path() / "weak.key", "-subj",
                     "/CN=x", "-out", path}),
            "");
  const auto result = sign_csr(make_ca(), base::read_file(path).value(), client_request(), now());
  ASSERT_FALSE(result);
  EXPECT_NE(result.error().message().find("too weak"), std::string::npos);
}

TEST(Pem, GarbageIsRefused) {
  const KeyAndCertificate ca = make_ca();
  const std::string truncated = ca.certificate_pem.substr(0, ca.certificate_pem.size() / 2);
  const std::string wrong_kind = ca.key_pem;
  for (const std::string& text :
       {std::string(), std::string("garbage"), truncated, wrong_kind,
        std::string("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"), std::string(2u << 20, 'A')}) {
    EXPECT_FALSE(read_certificate(text));
    EXPECT_FALSE(csr_public_key_fingerprint(text));
    EXPECT_FALSE(sign_csr(ca, text, client_request(), now()));
    EXPECT_FALSE(check_pair({text, ca.key_pem}));
    EXPECT_FALSE(check_pair({ca.certificate_pem, text}) && text != wrong_kind);
    EXPECT_EQ(create_csr(text, {"x", {}}).has_value(), text == wrong_kind);
  }
}

TEST(Secret, EqualInConstantTime) {
  EXPECT_TRUE(equal_secret("abc", "abc"));
  EXPECT_FALSE(equal_secret("abc", "abd"));
  EXPECT_FALSE(equal_secret("abc", "abcd"));
  EXPECT_TRUE(equal_secret("", ""));
}

TEST(Sha256, KnownValue) {
  EXPECT_EQ(sha256_hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(CrossSign, WhoTrustsTheOldAuthorityVerifiesWhatTheNewOneSigns) {
  const Subject name{"slipway-ca", {}};
  const auto now = base::SystemClock::instance().now();
  for (const int path_length : {0, 1}) {
    const auto old = *create_ca(name, KeyType::kEcP256, 24h, now, path_length);
    const auto young = *create_ca(name, KeyType::kEcP256, 240h, now, path_length);
    const std::string cross = *cross_sign(old, young.certificate_pem, now);
    const auto leaf = *issue(young, {.subject = {"x", {}}}, KeyType::kEcP256, now);
    EXPECT_TRUE(is_signed_by(leaf.certificate_pem, young.certificate_pem));
    EXPECT_TRUE(is_signed_by(leaf.certificate_pem, cross)) << "the same key";
    EXPECT_FALSE(is_signed_by(leaf.certificate_pem, old.certificate_pem));
    EXPECT_TRUE(is_signed_by(cross, old.certificate_pem));
    EXPECT_FALSE(is_signed_by(cross, young.certificate_pem));
    EXPECT_EQ(read_certificate(cross)->not_after, read_certificate(old.certificate_pem)->not_after);
    EXPECT_TRUE(read_certificate(cross)->is_ca);
    const auto folder = *base::TemporaryFolder::create("cross");
    const auto write = [&](const std::string& file, const std::string& text) {
      EXPECT_TRUE(base::write_file_atomically(folder.path() / file, text, 0600));
      return (folder.path() / file).string();
    };
    const auto verifies = [&](const std::string& trusted, const std::string& along) {
      return base::run_process({.argv = {"openssl", "verify", "-CAfile", write("trusted", trusted), "-untrusted",
                                         write("along", along), write("leaf", leaf.certificate_pem)}})
                 ->exit_code == 0;
    };
    EXPECT_TRUE(verifies(old.certificate_pem, cross + young.certificate_pem));
    EXPECT_TRUE(verifies(young.certificate_pem, cross + young.certificate_pem + old.certificate_pem));
    EXPECT_TRUE(verifies(old.certificate_pem + young.certificate_pem, cross + young.certificate_pem));
    EXPECT_FALSE(verifies(old.certificate_pem, young.certificate_pem));
  }
}

TEST(SplitCertificates, GivesThemInOrder) {
  const auto now = base::SystemClock::instance().now();
  const auto a = create_ca({"a", {}}, KeyType::kEcP256, 1h, now)->certificate_pem;
  const auto b = *create_ca({"b", {}}, KeyType::kEcP256, 1h, now);
  EXPECT_EQ(*split_certificates(a + "words between\n" + b.key_pem + b.certificate_pem),
            (std::vector{a, b.certificate_pem}));
  EXPECT_FALSE(split_certificates(b.key_pem));
  EXPECT_FALSE(split_certificates(""));
}

}  // namespace
}  // namespace slipway::pki
