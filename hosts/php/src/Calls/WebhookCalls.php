<?php

declare(strict_types=1);

namespace Hookwright\Calls;

use Hookwright\Support\Json;
use Hookwright\Value\Attempt;
use Hookwright\Value\EventTypes;
use Hookwright\Value\Page;
use Hookwright\Value\Settings;
use Hookwright\Value\Webhook;
use JsonSerializable;
use SensitiveParameter;

/**
 * The calls about webhooks and the settings of tenants.
 *
 * @internal part of `Hookwright`
 */
trait WebhookCalls
{
    /**
     * Registers a webhook. The result has the secret in clear text, only this once: `secret()`.
     *
     * @param JsonSerializable|array<string, mixed>|string $registration `name`, `url`, `events`, ... (docs/api.md)
     */
    public function register(string $tenant, JsonSerializable|array|string $registration): Webhook
    {
        $text = Json::ofArgument('registration', $registration);
        return Webhook::fromJson($this->call('register', ['tenant' => $tenant, 'registration' => $text]));
    }

    /**
     * Changes a webhook.
     *
     * @param JsonSerializable|array<string, mixed>|string $changes the changed fields of the registration
     */
    public function update(string $tenant, string $webhookId, JsonSerializable|array|string $changes): Webhook
    {
        $text = Json::ofArgument('changes', $changes);
        return Webhook::fromJson($this->call('update', ['tenant' => $tenant, 'webhookId' => $webhookId, 'changes' => $text]));
    }

    /** Returns a webhook. */
    public function get(string $tenant, string $webhookId): Webhook
    {
        return Webhook::fromJson($this->call('get', ['tenant' => $tenant, 'webhookId' => $webhookId]));
    }

    /**
     * Returns the webhooks of a tenant.
     *
     * @param int $limit 1 to 100
     * @return Page<Webhook>
     */
    public function list(string $tenant, ?string $cursor = null, int $limit = 50): Page
    {
        $arguments = ['tenant' => $tenant, 'cursor' => $cursor, 'limit' => $limit];
        return Page::fromJson(Webhook::class, $this->call('list', $arguments));
    }

    /** Removes a webhook. Its waiting deliveries end as `cancelled`, and a job removes its rows. */
    public function unregister(string $tenant, string $webhookId): void
    {
        $this->callForNothing('unregister', ['tenant' => $tenant, 'webhookId' => $webhookId]);
    }

    /**
     * Sets a new secret, random by default. The result has it in clear text, only this once.
     *
     * @param ?int $overlapS how long the old secret goes on signing: 0 to 604,800 seconds; by default 86,400
     */
    public function rotateSecret(
        string $tenant,
        string $webhookId,
        #[SensitiveParameter] ?string $secret = null,
        ?int $overlapS = null,
    ): Webhook {
        $arguments = ['tenant' => $tenant, 'webhookId' => $webhookId, 'secret' => $secret, 'overlapS' => $overlapS];
        return Webhook::fromJson($this->call('rotate-secret', $arguments));
    }

    /**
     * Sends an event now, as a test, and waits for the outcome. A failure of the receiver is no exception.
     *
     * @param JsonSerializable|array<string, mixed>|string|null $event by default the test event of the webhook's format;
     *     with only a type, the profile's sample of that type
     */
    public function testWebhook(
        string $tenant,
        string $webhookId,
        JsonSerializable|array|string|null $event = null,
    ): Attempt {
        $this->refuseWithinTransaction('testWebhook');
        $text = $event === null ? null : Json::ofEvent('event', $event);
        $arguments = ['tenant' => $tenant, 'webhookId' => $webhookId, 'event' => $text];
        return Attempt::fromJson($this->call('test-webhook', $arguments));
    }

    /**
     * Returns the attempts of a webhook.
     *
     * @param int $limit 1 to 100
     * @return Page<Attempt> newest first
     */
    public function attempts(string $tenant, string $webhookId, ?string $cursor = null, int $limit = 50): Page
    {
        $arguments = ['tenant' => $tenant, 'webhookId' => $webhookId, 'cursor' => $cursor, 'limit' => $limit];
        return Page::fromJson(Attempt::class, $this->call('attempts', $arguments));
    }

    /** Returns the settings of a tenant. */
    public function settings(string $tenant): Settings
    {
        return Settings::fromJson($this->call('settings', ['tenant' => $tenant]));
    }

    /**
     * Changes the settings of a tenant.
     *
     * @param array{keepBodies?: bool}|string $changes
     */
    public function updateSettings(string $tenant, array|string $changes): Settings
    {
        // PHP writes an empty array as `[]`.
        $text = Json::ofArgument('changes', $changes === [] ? '{}' : $changes);
        return Settings::fromJson($this->call('update-settings', ['tenant' => $tenant, 'changes' => $text]));
    }

    /** Returns the event types of the profile. */
    public function eventTypes(): EventTypes
    {
        return EventTypes::fromJson($this->call('event-types', []));
    }

    /**
     * Calls a function that returns JSON as a text.
     *
     * @param array<string, mixed> $arguments
     */
    abstract protected function call(string $function, array $arguments): string;

    /**
     * Calls a function that returns nothing.
     *
     * @param array<string, mixed> $arguments
     */
    abstract protected function callForNothing(string $function, array $arguments): void;

    /** Fails if a transaction of the platform is open. */
    abstract protected function refuseWithinTransaction(string $method): void;
}
