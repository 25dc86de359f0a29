// Passkeys: asks the server for a challenge and the browser for an answer, and sends the answer as an
// ordinary form. Without a script a password works, and the page says so.
(() => {
  "use strict";
  if (!window.PublicKeyCredential || !navigator.credentials) return;

  const bytes = (text) =>
    Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (sign) => sign.charCodeAt(0));
  const text = (buffer) =>
    btoa(String.fromCharCode(...new Uint8Array(buffer)))
      .replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
  const named = (list) => (list ?? []).map((one) => ({ ...one, id: bytes(one.id) }));

  const begin = async (form) => {
    const body = new URLSearchParams({ form_token: form.elements.form_token.value });
    const address = form.dataset.address && document.querySelector(form.dataset.address);
    if (address?.value) body.set("address", address.value);
    const answer = await fetch(form.dataset.begin, { method: "POST", body, headers: { accept: "application/json" } });
    if (!answer.ok) throw new Error("the ceremony did not begin");
    return answer.json();
  };

  const create = async ({ publicKey }) => {
    const made = await navigator.credentials.create({
      publicKey: {
        ...publicKey,
        challenge: bytes(publicKey.challenge),
        user: { ...publicKey.user, id: bytes(publicKey.user.id) },
        excludeCredentials: named(publicKey.excludeCredentials),
      },
    });
    return {
      id: made.id, rawId: text(made.rawId), type: made.type,
      clientExtensionResults: made.getClientExtensionResults(),
      response: {
        attestationObject: text(made.response.attestationObject),
        clientDataJSON: text(made.response.clientDataJSON),
      },
    };
  };

  const get = async ({ publicKey }, how) => {
    const found = await navigator.credentials.get({
      ...how,
      publicKey: {
        ...publicKey,
        challenge: bytes(publicKey.challenge),
        allowCredentials: named(publicKey.allowCredentials),
      },
    });
    const { authenticatorData, clientDataJSON, signature, userHandle } = found.response;
    return {
      id: found.id, rawId: text(found.rawId), type: found.type,
      clientExtensionResults: found.getClientExtensionResults(),
      response: {
        authenticatorData: text(authenticatorData), clientDataJSON: text(clientDataJSON),
        signature: text(signature), userHandle: userHandle && text(userHandle),
      },
    };
  };

  const send = (form, ceremony, answer) => {
    form.elements.ceremony.value = ceremony;
    form.elements.response.value = JSON.stringify(answer);
    form.submit();
  };

  let offering = null;
  for (const form of document.querySelectorAll("form[data-passkey]")) {
    form.hidden = false;
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      offering?.abort();
      const wrong = form.querySelector("[data-wrong]");
      const button = form.querySelector("button");
      wrong.hidden = true;
      button.disabled = true;
      try {
        const { ceremony, options } = await begin(form);
        const answer = form.dataset.passkey === "create" ? await create(options) : await get(options);
        send(form, ceremony, answer);
      } catch {
        wrong.hidden = false;
        button.disabled = false;
      }
    });
  }

  // Beside the field of the address the browser offers the passkeys that it has.
  const offer = async () => {
    const form = document.querySelector('form[data-passkey="get"]');
    if (!form || !(await PublicKeyCredential.isConditionalMediationAvailable?.())) return;
    const { ceremony, options } = await begin(form);
    offering = new AbortController();
    send(form, ceremony, await get(options, { mediation: "conditional", signal: offering.signal }));
  };
  offer().catch(() => {});
})();
