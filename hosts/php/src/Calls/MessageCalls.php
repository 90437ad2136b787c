<?php

declare(strict_types=1);

namespace Hookwright\Calls;

use Hookwright\Value\Attempt;
use Hookwright\Value\Explanation;
use Hookwright\Value\Message;
use Hookwright\Value\Page;
use Hookwright\Value\Redelivery;

/**
 * The calls about messages and their deliveries.
 *
 * @internal part of `Hookwright`
 */
trait MessageCalls
{
    /** Returns a message with its latest attempts. */
    public function message(string $tenant, string $messageId): Message
    {
        return Message::fromJson($this->call('message', ['tenant' => $tenant, 'messageId' => $messageId]));
    }

    /**
     * Returns the attempts of a message, for all webhooks.
     *
     * @param int $limit 1 to 100
     * @return Page<Attempt> newest first
     */
    public function messageAttempts(string $tenant, string $messageId, ?string $cursor = null, int $limit = 50): Page
    {
        $arguments = ['tenant' => $tenant, 'messageId' => $messageId, 'cursor' => $cursor, 'limit' => $limit];
        return Page::fromJson(Attempt::class, $this->call('message-attempts', $arguments));
    }

    /** Returns the JSON text that the webhook's requests for the message contain, byte for byte. */
    public function payload(string $tenant, string $messageId, string $webhookId): string
    {
        return $this->call('payload', ['tenant' => $tenant, 'messageId' => $messageId, 'webhookId' => $webhookId]);
    }

    /** Explains the state of the delivery of a message to a webhook. */
    public function explain(string $tenant, string $messageId, string $webhookId): Explanation
    {
        $ids = ['tenant' => $tenant, 'messageId' => $messageId, 'webhookId' => $webhookId];
        return Explanation::fromJson($this->call('explain', $ids));
    }

    /** Sends a message again, to one webhook or to all webhooks that subscribe to it now. */
    public function redeliver(string $tenant, string $messageId, ?string $webhookId = null): Redelivery
    {
        $ids = ['tenant' => $tenant, 'messageId' => $messageId, 'webhookId' => $webhookId];
        return Redelivery::fromJson($this->call('redeliver', $ids));
    }

    /**
     * Calls a function that returns JSON as a text.
     *
     * @param array<string, mixed> $arguments
     */
    abstract protected function call(string $function, array $arguments): string;
}
